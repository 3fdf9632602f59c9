// The main job of docker-rewind, played on the shop in examples/shop. Started by demo.sh (`npm run demo`), which brings
// the engine and the images. Every number printed here was measured while it ran.
import { bad, command, good, heading, tell } from './demo/narrator.ts';
import { Prober, type Phase } from './demo/prober.ts';
import { Sandbox } from './demo/sandbox.ts';
import { counts, lastVersion, longestGap, strip } from './demo/summary.ts';

const keep = process.argv.includes('--keep');
const startedAt = Date.now();
const sandbox = await Sandbox.create();
const prober = new Prober(sandbox.url);
let interrupted = false;

// A terminal sends Ctrl-C to the running command as well. When that has ended, the story stops and cleans up.
process.on('SIGINT', () => (interrupted = true));
for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupted = true;
    sandbox.signal(signal);
  });
}

class Unexpected extends Error {}

async function docker(...args: string[]): Promise<number> {
  command(['docker', ...args].map((arg) => (/\s/.test(arg) ? JSON.stringify(arg) : arg)).join(' '));
  const exitCode = await sandbox.run('docker', ...args);
  if (interrupted) throw new Unexpected('interrupted');
  return exitCode;
}

function expectExit(exitCode: number, expected: number): void {
  if (exitCode !== expected) {
    throw new Unexpected(`that command was to end with exit code ${expected}, but it was ${exitCode}`);
  }
}

/** The shop has so long until this version answers. */
const ANSWERS_WITHIN_MS = 60_000;

/** Watches the shop for a second without any change: this version must answer in the end. */
async function expectRunning(phase: Phase, version: string): Promise<void> {
  const deadline = Date.now() + ANSWERS_WITHIN_MS;
  do await prober.observe(phase.probes.length + 10);
  while (!interrupted && lastVersion(phase) !== version && Date.now() < deadline);
  if (interrupted) throw new Unexpected('interrupted');
  if (lastVersion(phase) !== version) {
    throw new Unexpected(`the shop was to run ${version} now, but ${lastVersion(phase)} answers`);
  }
  good(`The shop runs ${version}: ${counts(phase)}.`);
}

interface Change {
  readonly name: string;
  readonly args: readonly string[];
  readonly exitCode: number;
  readonly running: string;
}

/** Runs a command that changes the shop, and reports what the customers saw during it and right after it. */
async function change({ name, args, exitCode, running }: Change): Promise<void> {
  const during = prober.enter(name);
  const ended = await docker('rewind', ...args);
  const after = prober.enter(`${running} runs`);
  await prober.settle();
  tell(`\n  Meanwhile, customers: ${counts(during)}`);
  for (const line of strip(during, 70)) tell(`    ${line}`);
  expectExit(ended, exitCode);
  await expectRunning(after, running);
}

const deploy = (version: string, message: string): string[] => [
  'deploy',
  `web=rewind-shop/web:${version}`,
  '--yes',
  '--message',
  message,
];

async function story(): Promise<void> {
  tell(
    'A small shop (a web app and its PostgreSQL database) is deployed with Docker Compose. You will see it go',
    'to a new version, to a broken one, and back. All the while somebody asks for its front page ten times',
    'a second. In the lines of signs below each sign is one request: the version that answered it (1, 2 or 3),',
    '! for an error page, · for no answer at all.',
    `The shop is a copy in ${sandbox.shop}, at ${sandbox.url}`,
  );

  heading('1. The first deployment: version 1.0.0');
  expectExit(await docker('rewind', ...deploy('1.0.0', 'The shop opens')), 0);
  await expectRunning(prober.enter('1.0.0 runs'), '1.0.0');

  heading('2. A new version: 2.0.0 brings reviews');
  tell('One command writes the new image into compose.yml, replaces the container and waits for its health.');
  const reviews = deploy('2.0.0', 'Add reviews');
  await change({ name: 'deploy of 2.0.0', args: reviews, exitCode: 0, running: '2.0.0' });

  heading('3. A broken version: 3.0.0');
  tell(
    'Somebody forgot a migration: 3.0.0 starts, but every page of it is an error, so it never gets healthy.',
    'Nobody has to do anything: the deployment fails, says why, and 2.0.0 comes back.',
  );
  const discounts = deploy('3.0.0', 'Add discounts');
  await change({ name: 'failed deploy of 3.0.0', args: discounts, exitCode: 1, running: '2.0.0' });

  heading('4. Three in the morning: the reviews are wrong, too. Back to the very first deployment');
  await change({ name: 'rollback to v1', args: ['rollback', 'v1', '--yes'], exitCode: 0, running: '1.0.0' });

  heading('5. What ran when');
  expectExit(await docker('rewind', 'history'), 0);
  tell('\nAnd what is recorded, what compose.yml says and what runs are the same again:');
  expectExit(await docker('rewind', 'status'), 0);
  await prober.stop();

  heading('What the customers saw');
  for (const phase of prober.phases) tell(`  ${phase.name.padEnd(24)} ${counts(phase)}`);
  tell(
    `  The longest time without a good answer: ${longestGap(prober.phases).toFixed(1)} s, while 3.0.0 was given its chance`,
    '  (there is one container for the service: the old one stops before the new one starts).',
  );
}

let exitCode = 0;
try {
  await story();
  good(`Done in ${Math.round((Date.now() - startedAt) / 1000)} s.`);
} catch (error) {
  exitCode = interrupted ? 130 : 1;
  if (interrupted) bad('Interrupted.');
  else if (error instanceof Unexpected) bad(`The demo did not go as it should: ${error.message}.`);
  else throw error;
} finally {
  await prober.stop();
  if (keep) {
    const settings = ['DOCKER_CONFIG', 'COMPOSE_PROJECT_NAME', 'SHOP_PORT', 'SHOP_BASE', 'SHOP_POSTGRES'];
    tell(
      `\nThe shop was left as it is, at ${sandbox.url} To play on and to stop it:`,
      `  cd ${sandbox.shop}`,
      `  export ${settings.map((name) => `${name}=${sandbox.env[name] ?? ''}`).join(' ')}`,
      `  docker compose down --volumes && rm -r ${sandbox.folder}`,
    );
  } else if (sandbox.remove()) {
    tell('\nNothing is left running: the containers, the volumes and the copy of the shop are gone.');
  } else {
    bad(`Cleaning up failed, see above. By hand: docker compose -p ${sandbox.project} down --volumes`);
    exitCode ||= 1;
  }
}
process.exitCode = exitCode;
