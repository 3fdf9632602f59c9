import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { acquireLock, lockHolder, type Lock } from '../../../src/plan/lock.ts';
import { isAlive, ownIdentity, type ProcessIdentity } from '../../../src/plan/process-identity.ts';

/** The identity of a process that ran here and is gone. */
async function deadProcess(): Promise<ProcessIdentity> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await new Promise((resolve) => child.on('exit', resolve));
  return { ...ownIdentity(), pid: child.pid ?? 0, processStart: 1 };
}

describe('lock', () => {
  let state: string;
  beforeEach(() => (state = mkdtempSync(join(tmpdir(), 'rewind-lock-'))));
  afterEach(() => rmSync(state, { recursive: true, force: true }));

  const holdAs = (identity: ProcessIdentity): void =>
    writeFileSync(
      join(state, 'lock'),
      JSON.stringify({ ...identity, command: 'deploy', user: 'ana', since: '2026-01-01T03:00:00.000Z' }),
    );
  const attempt = (): Promise<Lock | { exitCode: number; message: string }> =>
    acquireLock(state, 'deploy').catch((error: unknown) => error as { exitCode: number; message: string });

  it('is held by one, says who that is, and leaves nothing behind', async () => {
    const lock = await acquireLock(state, 'deploy');
    expect(await lockHolder(state)).to.deep.include({ alive: true });
    const error = await attempt();
    expect(error).to.include({ exitCode: 11, code: 'LOCKED' });
    expect(error).to.have.property('message').that.contains(`(pid ${process.pid} on ${hostname()}, since 20`);
    await lock.release();
    expect(readdirSync(state)).to.deep.equal([]);
  });

  it('names a holder on another host, whom nobody here can take for dead', async () => {
    holdAs({ ...ownIdentity(), host: 'elsewhere', pid: 4242 });
    const error = await attempt();
    expect(error).to.include({ exitCode: 11 });
    expect(error)
      .to.have.property('message')
      .that.contains(
        '"docker rewind deploy" of ana is at work here (pid 4242 on elsewhere, since 2026-01-01T03:00:00.000Z)',
      );
  });

  it('is taken over from a process that is gone, whose number was given anew, or from before a restart', async () => {
    const gone = [
      await deadProcess(),
      { ...ownIdentity(), processStart: ownIdentity().processStart - 1 },
      { ...ownIdentity(), bootId: '00000000-0000-0000-0000-000000000000' },
    ];
    for (const identity of gone) {
      holdAs(identity);
      expect(await lockHolder(state)).to.deep.include({ alive: false });
      const lock = await acquireLock(state, 'deploy');
      expect(await lockHolder(state)).to.deep.include({ alive: true });
      await lock.release();
      expect(readdirSync(state)).to.deep.equal([]);
    }
  });

  it('is not taken over where its holder cannot be read', async () => {
    writeFileSync(join(state, 'lock'), '{"host":"here","pi');
    expect(await attempt()).to.include({ exitCode: 11 });
    expect(existsSync(join(state, 'lock'))).to.equal(true);
  });

  it('survives the death of somebody who was taking it over', async () => {
    const dead = await deadProcess();
    holdAs(dead);
    writeFileSync(join(state, 'lock.takeover'), readFileSync(join(state, 'lock')));
    await (await acquireLock(state, 'deploy')).release();
    expect(readdirSync(state)).to.deep.equal([]);
  });

  it('goes to exactly one of twenty at a time, from a dead holder too', async () => {
    const dead = await deadProcess();
    for (let round = 0; round < 20; round += 1) {
      if (round % 2 === 0) holdAs({ ...dead, processStart: round + 1 });
      let holding = 0;
      let most = 0;
      const results = await Promise.all(
        Array.from({ length: 20 }, async () => {
          const lock = await attempt();
          if (!('release' in lock)) return lock.exitCode;
          holding += 1;
          most = Math.max(most, holding);
          await new Promise((resolve) => setImmediate(resolve));
          holding -= 1;
          await lock.release();
          return 0;
        }),
      );
      expect(most, `round ${round}`).to.equal(1);
      expect(results.filter((code) => code !== 0 && code !== 11)).to.deep.equal([]);
      expect(readdirSync(state)).to.deep.equal([]);
    }
  });
});

describe('process identity', () => {
  it('knows itself, a dead process, and a number that was given anew', async () => {
    expect(isAlive(ownIdentity())).to.equal(true);
    expect(isAlive(await deadProcess())).to.equal(false);
    expect(isAlive({ ...ownIdentity(), processStart: 12345 })).to.equal(false);
  });

  it('takes a process for dead that ended and was never asked for', async () => {
    if (process.platform !== 'linux') return;
    // The shell becomes `sleep`, which does not ask for the child that the shell left it.
    const parent = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [text] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(text.toString());
    const state = (): string => readFileSync(`/proc/${pid}/stat`, 'latin1').split(' ')[2] ?? '';
    while (state() !== 'Z') await new Promise((resolve) => setImmediate(resolve));
    expect(isAlive({ ...ownIdentity(), pid, processStart: 0 })).to.equal(false);
    parent.kill();
  });

  it('takes a process of another host for alive, and one without /proc by its number alone', () => {
    expect(isAlive({ ...ownIdentity(), host: 'elsewhere', processStart: 12345 })).to.equal(true);
    expect(isAlive({ ...ownIdentity(), processStart: 0, bootId: '' })).to.equal(true);
  });

  it('takes a process of somebody else for alive', () => {
    // Process 1 is always there; without root it may not be signalled.
    expect(isAlive({ ...ownIdentity(), pid: 1, processStart: 0 })).to.equal(true);
  });
});
