import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { docker, dockerConfig, ROOT, run, type RunOutcome } from './installed.ts';

describe('installed with npm install --global', () => {
  let directory: string;
  let installed: string;

  before(async () => {
    await dockerConfig();
    directory = mkdtempSync(join(tmpdir(), 'docker-rewind-npm-'));
    await npm('pack', ROOT, '--ignore-scripts', '--pack-destination', directory);
    const archive = readdirSync(directory).find((name) => name.endsWith('.tgz')) ?? '';
    // Nothing is fetched: all that it needs is in the archive.
    await npm(
      'install',
      '--global',
      '--offline',
      '--ignore-scripts',
      '--prefix',
      directory,
      join(directory, archive),
    );
    installed = join(directory, 'bin', 'docker-rewind');
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  async function npm(...args: string[]): Promise<void> {
    const result = await run('npm', [...args, '--loglevel=error', '--cache', join(directory, 'cache')], {
      cwd: directory,
    });
    if (result.exitCode !== 0) throw new Error(`npm ${args.join(' ')}: ${result.stderr}`);
  }

  const env = { DOCKER_REWIND_NODE: process.execPath };
  const home = (): Record<string, string | undefined> => ({
    ...env,
    HOME: directory,
    DOCKER_CONFIG: undefined,
  });

  async function good(result: Promise<RunOutcome>): Promise<string> {
    const { stdout, stderr, exitCode } = await result;
    expect({ stderr, exitCode }).to.deep.equal({ stderr: '', exitCode: 0 });
    return stdout;
  }

  it('works through npm’s link, and through docker after plugin install', async () => {
    expect(await good(run(installed, ['--version'], { env }))).to.match(/^docker-rewind \d/);
    expect(await good(run(installed, ['plugin', 'install'], { env: home() }))).to.contain(
      'cli-plugins/docker-rewind',
    );
    const config = { ...env, DOCKER_CONFIG: join(directory, '.docker') };
    expect(await good(docker(['rewind', 'history', '--help'], { env: config }))).to.contain(
      'docker rewind history',
    );
    expect(await good(docker(['rewind', 'doctor'], { env: config, cwd: directory }))).to.match(/ok +plugin/);
  });

  it('has every command of the checkout', async () => {
    const help = await good(run(installed, ['--help'], { env }));
    const { commands } = JSON.parse(readFileSync(join(ROOT, 'oclif.manifest.json'), 'utf8')) as {
      commands: object;
    };
    for (const id of Object.keys(commands)) {
      expect(help).to.match(new RegExp(`^  ${id.split(':')[0]} `, 'm'));
      await good(run(installed, [...id.split(':'), '--help'], { env }));
    }
  });

  it('brings its own packages and their licences, and nothing of the checkout', async () => {
    const root = join(directory, 'lib', 'node_modules', 'docker-rewind');
    expect(readdirSync(root)).to.have.members(
      [
        'bin',
        'dist',
        'docs',
        'oclif.manifest.json',
        'package.json',
        'README.md',
        'LICENSE',
        'CHANGELOG.md',
      ].filter((name) => readdirSync(ROOT).includes(name)),
    );
    expect(readFileSync(join(root, 'dist', 'licences.txt'), 'utf8'))
      .to.contain('@oclif/core')
      .and.contain('execa');
    const texts = readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.js'),
    );
    for (const name of texts)
      expect(readFileSync(join(root, 'dist', name), 'utf8'), name).to.not.contain(ROOT);
    expect(readFileSync(join(root, 'oclif.manifest.json'), 'utf8')).to.not.contain(ROOT);
  });
});
