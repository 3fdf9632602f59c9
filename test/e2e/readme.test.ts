import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { docker, dockerConfig, rewind, ROOT, run } from './installed.ts';

const PAGES = [
  'README.md',
  'docs/deploy.md',
  'docs/configuration.md',
  'docs/image-sources.md',
  'docs/restore-points.md',
  'docs/databases.md',
  'docs/recover.md',
  'docs/trust.md',
  'examples/shop/README.md',
];

interface Shown {
  command: string;
  output: string[];
}

/** The `$ docker rewind …` lines of the console blocks of a page, each with what is shown below it. */
function transcript(page: string): Shown[] {
  const blocks = readFileSync(join(ROOT, page), 'utf8').matchAll(/```console\n(.*?)```/gs);
  const shown: Shown[] = [];
  for (const line of [...blocks].flatMap(([, block]) => (block ?? '').trimEnd().split('\n'))) {
    if (line.startsWith('$ ')) shown.push({ command: line.slice(2), output: [] });
    else shown.at(-1)?.output.push(line);
  }
  return shown.filter(({ command }) => command.startsWith('docker rewind'));
}

/** What differs from run to run: who, where, how long. Runs of blanks, since columns follow the widest cell. */
function steady(text: string): string {
  return text
    .replaceAll('rewind-test/postgres:15', 'postgres:15')
    .replaceAll(/\b\d{8}-\d{6}-[0-9a-f]{4}\b/g, 'POINT')
    .replaceAll(/\b\d+m ago\b/g, 'Ns ago')
    .replaceAll(/\b\d+m\d\ds\b|\d+(\.\d+)?s\b/g, 'Ns')
    .replaceAll(/"(?:GET|POST) [^"]*"/g, '"request"')
    .replaceAll(/\b(root|ana|[a-z_][a-z0-9_-]*)(?= +rewind-)/g, 'somebody')
    .replaceAll(/[ \t]+/g, ' ')
    .trim();
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('what the pages show', () => {
  let directory: string;
  let env: Record<string, string>;
  const project = `readme${process.pid}`;
  const shop = (): string => join(directory, 'shop');

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'rewind-readme-'));
    cpSync(join(ROOT, 'examples/shop'), shop(), { recursive: true });
    env = {
      COMPOSE_PROJECT_NAME: project,
      SHOP_PORT: String(await freePort()),
      SHOP_POSTGRES: 'rewind-test/postgres:15',
      SHOP_BASE: 'rewind-test/debian:bookworm',
    };
    const built = await run('sh', [join(shop(), 'build-versions.sh')], { cwd: shop(), env });
    expect(built.exitCode, built.stderr).to.equal(0);
  });

  after(async () => {
    await docker(['compose', 'down', '--volumes', '--remove-orphans'], { cwd: shop(), env });
    rmSync(directory, { recursive: true, force: true });
  });

  it('the transcript of README.md, command by command', async () => {
    const shown = transcript('README.md');
    expect(shown).to.have.length.greaterThan(5);
    for (const { command, output } of shown) {
      const outcome = await run('sh', ['-c', command], {
        cwd: shop(),
        env: { ...env, DOCKER_CONFIG: await dockerConfig() },
      });
      const said = steady(
        `${outcome.stdout}\n${outcome.stderr}`.replaceAll('\n', ' ').replaceAll(project, 'shop'),
      );
      // The lines of the step display look otherwise on a terminal; everything else is there to the letter.
      const lines = output.filter((line) => line.trim() !== '' && !/^(\s*›|[✔✖◼]|going back:)/.test(line));
      for (const line of lines)
        expect(said, `${command}\n${outcome.stdout}${outcome.stderr}`).to.contain(steady(line));
    }
  });

  for (const page of PAGES) {
    it(`every command of ${page} exists, with its flags`, async () => {
      const text = readFileSync(join(ROOT, page), 'utf8');
      // Prose may say what docker rewind does; only code says what can be typed.
      const code = [...text.matchAll(/```.*?```|`[^`\n]+`/gs)].map(([match]) => match).join('\n');
      const commands = [...code.matchAll(/docker[ -]rewind ((?:plugin )?[a-z-]+)((?: --[a-z-]+)*)/g)];
      const seen = new Map<string, Set<string>>();
      for (const [, verb = '', flags = ''] of commands) {
        const known = seen.get(verb) ?? new Set();
        for (const flag of flags.split(' ').filter((word) => word !== '')) known.add(flag);
        seen.set(verb, known);
      }
      for (const [verb, flags] of seen) {
        const help = await rewind([...verb.split(' '), '--help']);
        expect(help.exitCode, verb).to.equal(0);
        for (const flag of flags) expect(help.stdout, `${verb} ${flag}`).to.contain(flag);
      }
    });
  }
});
