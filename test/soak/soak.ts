import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { buildWhenStale, ROOT } from '../e2e/build.ts';
import { OwnEngine } from './engine.ts';
import { SoakProject } from './project.ts';
import { Random } from './random.ts';
import { Soak } from './session.ts';

// npm run soak -- --minutes N --seed S: random commands with random troubles; what must be true is checked after each.
const { values } = parseArgs({ options: { minutes: { type: 'string' }, seed: { type: 'string' } } });
const minutes = Number(values.minutes ?? 5);
const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9));
process.stdout.write(`soak of ${minutes} minutes, --seed ${seed}\n`);

await execa('sh', [join(ROOT, 'test/engine/prepare.sh')], { stdio: 'inherit' });
await execa('sh', [join(ROOT, 'test/engine/images.sh')], { stdio: 'inherit' });
await buildWhenStale();
const root = mkdtempSync(join(tmpdir(), 'rewind-soak-'));
const engine = new OwnEngine(join(root, 'engine'));
let project: SoakProject | undefined;
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => (interrupted = true));
try {
  await engine.start();
  await engine.loadImages();
  project = await SoakProject.make(engine, root);
  const soak = new Soak(engine, project, new Random(seed));
  const end = performance.now() + minutes * 60_000;
  while (performance.now() < end && !interrupted && soak.violations.length === 0) await soak.step();
  process.stdout.write(`\n${soak.summary()}\n`);
  for (const violation of soak.violations) process.stdout.write(`VIOLATION ${violation}\n`);
  process.exitCode = soak.violations.length === 0 ? 0 : 1;
} finally {
  await engine.remove();
  await project?.remove();
  // The engine's last mounts go in a moment.
  for (let tries = 0; tries < 20; tries++) {
    try {
      rmSync(root, { recursive: true, force: true });
      break;
    } catch {
      await delay(500);
    }
  }
}
