import { expect } from 'chai';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProcessRunner } from '../../../src/docker/runner.ts';
import { identityOf, isAlive, type ProcessIdentity } from '../../../src/plan/process-identity.ts';
import { guardBefore, relieveWatchdog, Watchdog } from '../../../src/plan/watchdog.ts';
import type { Step } from '../../../src/plan/steps/index.ts';

/** The real process, with a `docker` in front that has its containers in a file: `ID STATE SERVICE` lines. */
const DOCKER = `#!/bin/sh
echo "$*" >>"$FAKE/calls"
case "$*" in
  *' ps '*) cat "$FAKE/states" ;;
  *'container start '*) for id in "$@"; do sed -i "s/^$id [a-z]* /$id running /" "$FAKE/states"; done ;;
  *'container unpause '*) for id in "$@"; do sed -i "s/^$id [a-z]* /$id running /" "$FAKE/states"; done ;;
esac
`;

const container = (id: string, service: string) => ({
  id,
  service,
  name: service,
  healthy: true,
  stopTimeout: 0,
});
const stop = { kind: 'stop-writers', resource: '', reason: '', levels: [[container('aaa', 'db')], [container('bbb', 'web')]] } as Step; // prettier-ignore
const pause = { kind: 'pause-containers', resource: '', reason: '', containers: [container('ccc', 'cache')] } as Step; // prettier-ignore
const resume = { kind: 'resume-containers', resource: '', reason: '', levels: [[container('bbb', 'web')]] } as Step; // prettier-ignore
const swap = { kind: 'swap-volumes', resource: '', reason: '', staging: '', slugs: [] } as unknown as Step;

describe('watchdog', () => {
  let directory: string;
  let path: string | undefined;
  let watchdog: Watchdog;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'rewind-watchdog-'));
    writeFileSync(join(directory, 'docker'), DOCKER);
    chmodSync(join(directory, 'docker'), 0o755);
    writeFileSync(join(directory, 'plan.json'), '{}');
    path = process.env['PATH'];
    process.env['PATH'] = `${directory}:${path}`;
    process.env['FAKE'] = directory;
    watchdog = new Watchdog(new ProcessRunner(['--context', 'far']), directory, 'shop');
  });
  afterEach(async () => {
    process.env['PATH'] = path;
    delete process.env['FAKE'];
    await relieveWatchdog(directory);
    rmSync(directory, { recursive: true, force: true });
  });

  const states = (...lines: string[]): void =>
    writeFileSync(join(directory, 'states'), `${lines.join('\n')}\n`);
  const now = (): string[] => readFileSync(join(directory, 'states'), 'utf8').trim().split('\n');
  const calls = (): string =>
    existsSync(join(directory, 'calls')) ? readFileSync(join(directory, 'calls'), 'utf8') : '';
  const identity = (): ProcessIdentity =>
    JSON.parse(readFileSync(join(directory, 'watchdog.json'), 'utf8')) as ProcessIdentity;
  /** What the death of the command looks like from the other end of the pipe. */
  const die = (): Promise<void> => watchdog.end(false);
  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await sleep(10);
  }

  it('starts what was stopped and unpauses what was paused, with docker as the command was told to reach it', async () => {
    states('aaa exited db', 'bbb exited web', 'ccc paused cache', 'ddd exited job');
    await watchdog.before(pause);
    await watchdog.before(stop);
    await die();
    await until(() => now().filter((line) => line.includes('running')).length === 3);
    expect(now()).to.include('ddd exited job');
    expect(calls()).to.contain('--context far container start aaa bbb');
    expect(calls()).to.contain('--context far container unpause ccc');
    expect(calls()).to.contain('label=com.docker.compose.project=shop');
  });

  it('starts a container that Compose made anew in the place of one that was stopped', async () => {
    states('aaa running db', 'eee exited web');
    await watchdog.before(stop);
    await die();
    await until(() => now().includes('eee running web'));
  });

  it('comes back to a container that is still being stopped', async () => {
    states('aaa running db', 'bbb running web');
    await watchdog.before(stop);
    await die();
    await until(() => calls().split('\n').length > 2);
    states('aaa running db', 'bbb exited web');
    await until(() => now().includes('bbb running web'));
  });

  it('gives up on a container that does not stay up', async () => {
    states('aaa exited db', 'bbb running web');
    // Starting it changes nothing.
    writeFileSync(join(directory, 'docker'), DOCKER.replaceAll('sed -i', 'true'));
    await watchdog.before(stop);
    await die();
    await until(() => !isAlive(identity()));
    expect(calls().match(/container start aaa/g)).to.have.length(10);
    // Ten rounds with a pause after each: a busy machine makes them long.
  }).timeout(60_000);

  for (const [what, act] of [
    ['the command ended well', () => watchdog.end(true)],
    ['data is being swapped', () => watchdog.before(swap).then(die)],
    ['services run again', () => watchdog.after(resume).then(die)],
  ] as const) {
    it(`does nothing where ${what}`, async () => {
      states('aaa exited db', 'bbb exited web');
      await watchdog.before(stop);
      const { pid } = identity();
      await act();
      await until(() => !isAlive(identity()));
      expect(calls()).to.equal('');
      expect(pid).to.be.greaterThan(1);
    });
  }

  it('is told anew when services are started after a swap', async () => {
    states('aaa exited db', 'bbb exited web');
    await watchdog.before(stop);
    await watchdog.before(swap);
    await watchdog.before(resume);
    await die();
    await until(() => now().includes('bbb running web'));
    expect(now()).to.include('aaa exited db');
  });

  it('leaves everything alone once the journal is gone, and ends when recover takes over', async () => {
    states('aaa exited db', 'bbb exited web');
    await watchdog.before(stop);
    rmSync(join(directory, 'plan.json'));
    await die();
    await until(() => !isAlive(identity()));
    expect(calls()).not.to.contain('start');
  });

  it('is ended by whoever concludes the execution', async () => {
    states('');
    await watchdog.before(stop);
    await die();
    await until(() => calls() !== '');
    await relieveWatchdog(directory);
    expect(isAlive(identity())).to.equal(false);
  });

  it('is not taken for another process that has its number', async () => {
    writeFileSync(
      join(directory, 'watchdog.json'),
      JSON.stringify({ ...identityOf(process.pid), processStart: 1 }),
    );
    await relieveWatchdog(directory);
  });

  it('costs nothing where nobody is stopped', async () => {
    await watchdog.before({ kind: 'push-image', resource: '', reason: '', image: 'x' });
    await watchdog.before(swap);
    expect(existsSync(join(directory, 'watchdog.json'))).to.equal(false);
    expect(guardBefore({ ...stop, levels: [] } as Step)).to.deep.equal({ run: [], stopping: true });
  });
});
