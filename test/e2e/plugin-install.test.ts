import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { docker, dockerConfig, run, SHIM } from './installed.ts';

describe('plugin install and remove', () => {
  let home: string;
  let link: string;

  before(() => dockerConfig());
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'docker-rewind-home-'));
    link = join(home, '.docker', 'cli-plugins', 'docker-rewind');
  });
  afterEach(() => rmSync(home, { recursive: true }));

  const plugin = async (...words: string[]) =>
    run(SHIM, ['plugin', ...words], { env: { HOME: home, DOCKER_CONFIG: undefined } });

  it('makes the link, says so, and docker finds the plugin', async () => {
    const { stdout, stderr, exitCode } = await plugin('install');
    expect({ stdout, stderr, exitCode }).to.deep.equal({
      stdout: `${link} → ${realpathSync(SHIM)} created\nTry it: docker rewind --help\n`,
      stderr: '',
      exitCode: 0,
    });
    expect(realpathSync(link)).to.equal(realpathSync(SHIM));
    const found = await docker(['rewind', '--version'], {
      env: { HOME: home, DOCKER_CONFIG: join(home, '.docker') },
    });
    expect(found.stdout).to.match(/^docker-rewind /);
  });

  it('does nothing the second time, and takes it away once', async () => {
    await plugin('install');
    expect((await plugin('install')).stdout).to.contain('already leads here: nothing to do');
    expect((await plugin('remove')).stdout).to.equal(`${link} → ${realpathSync(SHIM)} removed\n`);
    expect(lstatSync(link, { throwIfNoEntry: false })).to.equal(undefined);
    expect(await plugin('remove')).to.deep.include({
      stdout: `${link} is not there: nothing to do\n`,
      exitCode: 0,
    });
  });

  it('honours DOCKER_CONFIG and --config', async () => {
    const config = join(home, 'config');
    const one = await run(SHIM, ['plugin', 'install', '--json'], {
      env: { HOME: home, DOCKER_CONFIG: config },
    });
    expect(JSON.parse(one.stdout)).to.deep.equal({
      path: join(config, 'cli-plugins', 'docker-rewind'),
      target: realpathSync(SHIM),
      action: 'created',
      before: null,
      dryRun: false,
    });
    const two = await run(SHIM, ['--config', 'other', 'rewind', 'plugin', 'install', '--json'], {
      cwd: home,
    });
    expect(JSON.parse(two.stdout)).to.include({ path: join(home, 'other', 'cli-plugins', 'docker-rewind') });
  });

  it('changes nothing with --dry-run', async () => {
    expect((await plugin('install', '--dry-run')).stdout).to.contain('would be created');
    expect(lstatSync(join(home, '.docker'), { throwIfNoEntry: false })).to.equal(undefined);
    await plugin('install');
    expect((await plugin('remove', '--dry-run')).stdout).to.contain('would be removed');
    expect(readlinkSync(link)).to.equal(realpathSync(SHIM));
  });

  for (const target of ['/gone/lib/node_modules/docker-rewind/bin/docker-rewind', 'docker-rewind']) {
    it(`replaces the link of an installation that is gone: ${target}`, async () => {
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(target, link);
      const { stdout, exitCode } = await plugin('install', '--json');
      expect(exitCode).to.equal(0);
      expect(JSON.parse(stdout)).to.include({ action: 'replaced' });
      expect(realpathSync(link)).to.equal(realpathSync(SHIM));
    });
  }

  it('leaves a file of somebody else alone', async () => {
    mkdirSync(dirname(link), { recursive: true });
    writeFileSync(link, 'theirs');
    for (const verb of ['install', 'remove']) {
      const { stderr, exitCode } = await plugin(verb);
      expect(exitCode).to.equal(4);
      expect(stderr.split('\n')[0]).to.equal(
        `docker rewind: ${link} is a file that docker rewind did not make; it was left alone`,
      );
      expect(readFileSync(link, 'utf8')).to.equal('theirs');
    }
    rmSync(link);
    symlinkSync('/bin/true', link);
    expect((await plugin('install')).exitCode).to.equal(4);
    expect(readlinkSync(link)).to.equal('/bin/true');
  });

  it('says what is wrong where nothing can be written', async () => {
    writeFileSync(join(home, '.docker'), '');
    const { stderr, exitCode } = await plugin('install');
    expect(exitCode).to.equal(1);
    expect(stderr).to.match(/^docker rewind: .*cli-plugins.* cannot be written: .*\n→ .*\n$/);
  });
});
