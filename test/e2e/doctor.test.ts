import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { docker, dockerConfig, rewind, run, SHIM, type RunSettings } from './installed.ts';

interface Report {
  ok: boolean;
  checks: { name: string; status: 'ok' | 'warn' | 'fail'; message: string; hint: string | null }[];
}

describe('doctor', () => {
  let project: string;

  before(() => dockerConfig());
  beforeEach(() => {
    project = mkdtempSync(join(tmpdir(), 'docker-rewind-doctor-'));
    writeFileSync(join(project, 'compose.yml'), 'name: shop\nservices: {web: {image: "web:1"}}\n');
  });
  afterEach(() => rmSync(project, { recursive: true }));

  const state = (...path: string[]): string => join(project, '.rewind', ...path);

  /** The finding of one check, and the exit code of the whole. */
  async function finding(
    name: string,
    settings: RunSettings = {},
  ): Promise<Report['checks'][0] & { exitCode: number }> {
    const { stdout, exitCode } = await rewind(['doctor', '--json'], { cwd: project, ...settings });
    const report = JSON.parse(stdout) as Report;
    expect(report.ok).to.equal(exitCode === 0);
    const found = report.checks.find((check) => check.name === name);
    if (found === undefined) throw new Error(`no check is called ${name}`);
    return { ...found, exitCode };
  }

  /** A docker in PATH that answers as the script says. */
  function fakeDocker(script: string): Record<string, string> {
    mkdirSync(join(project, 'path'));
    writeFileSync(join(project, 'path', 'docker'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(project, 'path', 'docker'), 0o755);
    return { PATH: `${join(project, 'path')}:/usr/bin:/bin` };
  }

  /** `docker-rewind doctor` with another docker than the one that runs the other tests. */
  async function withDocker(script: string): Promise<Report & { exitCode: number }> {
    const { stdout, exitCode } = await run(SHIM, ['doctor', '--json'], {
      cwd: project,
      env: fakeDocker(script),
    });
    return { ...(JSON.parse(stdout) as Report), exitCode };
  }

  it('says for a healthy project that all is well, a line for each check', async () => {
    const { stdout, stderr, exitCode } = await rewind(['doctor'], { cwd: project });
    expect({ stderr, exitCode }).to.deep.equal({ stderr: '', exitCode: 0 });
    const names = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(/ +/).slice(0, 2).join(' '));
    expect(names).to.deep.equal(
      ['engine', 'compose', 'plugin', 'node', 'project', 'state', 'history', 'lock', 'leftovers'].map(
        (name) => `ok ${name}`,
      ),
    );
    expect(stdout)
      .to.match(/ok +engine +Docker \d+/)
      .and.match(/ok +compose +Docker Compose \d+\.\d+/);
    expect(stdout).to.contain(`shop in ${project} (compose.yml): services: 1, environment: default`);
  });

  it('changes nothing', async () => {
    await rewind(['doctor'], { cwd: project });
    expect((await run('ls', ['-A', project])).stdout).to.equal('compose.yml\n');
  });

  it('works without a project, and says so', async () => {
    const found = await finding('project', { cwd: '/' });
    expect(found).to.deep.include({ status: 'warn', exitCode: 0 });
    expect(found.message).to.equal('there is no Compose file in / or above it');
    expect(found.hint).to.contain('docker rewind -f');
  });

  it('names an engine that cannot be reached', async () => {
    const found = await finding('engine', {
      env: { DOCKER_HOST: 'unix:///nowhere.sock', DOCKER_CONTEXT: undefined },
    });
    expect(found).to.deep.include({ status: 'fail', exitCode: 1 });
    expect(found.message).to.contain('the Docker engine cannot be reached');
    expect(found.hint).to.contain('systemctl start docker');
    expect((await finding('project', { env: { DOCKER_HOST: 'unix:///nowhere.sock' } })).status).to.equal(
      'ok',
    );
  });

  it('names a missing docker', async () => {
    const env = { PATH: '/nowhere', DOCKER_REWIND_NODE: process.execPath };
    const { stdout, exitCode } = await run('/bin/sh', [SHIM, 'doctor'], { cwd: project, env });
    expect(exitCode).to.equal(1);
    expect(stdout).to.match(/fail +engine +docker is not installed or not in PATH\n +→ Install Docker/);
    expect(stdout).to.match(/ok +node/);
  });

  it('names a missing Compose and one that is too old', async () => {
    const missing = await withDocker(`echo "docker: 'compose' is not a docker command." >&2; exit 1`);
    expect(missing.checks.find(({ name }) => name === 'compose')).to.deep.include({
      status: 'fail',
      message: 'docker has no compose plugin',
    });
    rmSync(join(project, 'path'), { recursive: true });
    const old = await withDocker(`[ "$1 $2" = 'compose version' ] && echo v2.19.1 && exit; exit 1`);
    expect(old.exitCode).to.equal(1);
    expect(old.checks.find(({ name }) => name === 'compose')).to.deep.equal({
      name: 'compose',
      status: 'fail',
      message: 'Docker Compose v2.19.1 is too old',
      hint: 'Install Docker Compose 2.20 or later: https://docs.docker.com/compose/install/',
    });
  });

  for (const [name, target, status] of [
    ['a link that leads nowhere', '/gone/bin/docker-rewind', 'fail'],
    ['somebody else’s link', '/bin/true', 'fail'],
    ['another installation', 'OTHER', 'warn'],
    ['no link at all', '', 'warn'],
  ] as const) {
    it(`names ${name} where docker looks for the plugin`, async () => {
      const config = join(project, 'config');
      mkdirSync(join(config, 'cli-plugins'), { recursive: true });
      const other = join(project, 'docker-rewind');
      writeFileSync(other, '');
      if (target !== '')
        symlinkSync(target === 'OTHER' ? other : target, join(config, 'cli-plugins', 'docker-rewind'));
      const { stdout } = await run(SHIM, ['doctor', '--json'], {
        cwd: project,
        env: { DOCKER_CONFIG: config },
      });
      const found = (JSON.parse(stdout) as Report).checks.find((check) => check.name === 'plugin');
      expect(found).to.deep.include({ status });
      expect(found?.hint).to.contain('docker-rewind plugin install');
    });
  }

  it('names a Compose file that cannot be read, and a wrong x-rewind', async () => {
    writeFileSync(join(project, 'compose.yml'), 'services: [');
    expect(await finding('project')).to.deep.include({ status: 'fail', exitCode: 1 });
    writeFileSync(
      join(project, 'compose.yml'),
      'x-rewind: {enviroment: prod}\nservices: {web: {image: "web:1"}}\n',
    );
    const found = await finding('project');
    expect(found).to.deep.include({ status: 'fail', message: 'x-rewind.enviroment is not a known key' });
    expect(found.hint).to.contain('environment');
  });

  it('names a state directory that is none, and one that others can write', async () => {
    writeFileSync(state(), '');
    expect(await finding('state')).to.deep.include({
      status: 'fail',
      message: `${state()} is not a directory`,
      exitCode: 1,
    });
    rmSync(state());
    mkdirSync(state());
    chmodSync(state(), 0o777);
    const found = await finding('state');
    expect(found).to.deep.include({ status: 'warn', hint: `chmod 700 ${state()}`, exitCode: 0 });
  });

  it('names a project that cannot be written', async () => {
    // Root may write everywhere: an immutable place of the system stands in for a directory of somebody else.
    const { stdout } = await docker([
      'rewind',
      'doctor',
      '--json',
      '--project-directory',
      '/proc/self',
      '-f',
      join(project, 'compose.yml'),
    ]);
    const found = (JSON.parse(stdout) as Report).checks.find((check) => check.name === 'state');
    expect(found).to.deep.include({ status: 'fail' });
  });

  it('names the lines of the history that cannot be read, and goes on', async () => {
    mkdirSync(state(), { mode: 0o700 });
    writeFileSync(state('history.jsonl'), 'not json\n\n{"torn');
    const found = await finding('history');
    expect(found).to.deep.include({ status: 'warn', exitCode: 0 });
    expect(found.message).to.match(/^lines 1, 3 of .*history\.jsonl cannot be read/);
  });

  it('names who holds the lock, and a lock whose holder died', async () => {
    mkdirSync(state(), { mode: 0o700 });
    const holder = {
      host: hostname(),
      pid: process.pid,
      processStart: 0,
      bootId: '',
      command: 'deploy',
      user: 'ann',
    };
    writeFileSync(state('lock'), JSON.stringify({ ...holder, since: '2026-11-23T10:00:00.000Z' }));
    const held = await finding('lock');
    expect(held).to.deep.include({ status: 'warn', hint: 'Wait until it is done' });
    expect(held.message).to.contain(`"docker rewind deploy" of ann (pid ${process.pid}`);
    writeFileSync(
      state('lock'),
      JSON.stringify({ ...holder, pid: 2 ** 30, since: '2026-11-23T10:00:00.000Z' }),
    );
    expect((await finding('lock')).message).to.contain('has died and left its lock');
  });

  it('names what a crash left behind', async () => {
    mkdirSync(state('journal', '20261123T100000000Z-abcdef'), { recursive: true, mode: 0o700 });
    const found = await finding('leftovers');
    expect(found).to.deep.include({ status: 'fail', exitCode: 1 });
    expect(found.message).to.contain('20261123T100000000Z-abcdef');
    expect(found.hint).to.contain('docker rewind recover');
  });

  it('prints the same as text, with what to do below each line', async () => {
    mkdirSync(state('journal', 'x'), { recursive: true, mode: 0o700 });
    const { stdout, exitCode } = await rewind(['doctor'], { cwd: project });
    expect(exitCode).to.equal(1);
    expect(stdout).to.match(/^fail +leftovers +begun and not finished: x\n +→ docker rewind recover .*$/m);
  });
});
