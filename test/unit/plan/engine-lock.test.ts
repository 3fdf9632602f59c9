import { expect } from 'chai';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Argv, Runner, RunResult } from '../../../src/docker/runner.ts';
import { acquireEngineLock, engineLocks } from '../../../src/plan/engine-lock.ts';
import type { Lock } from '../../../src/plan/lock.ts';
import { ownHolder, type LockHolder } from '../../../src/plan/lock-holder.ts';
import { monotonicMs } from '../../../src/plan/monotonic.ts';

/** The volumes of an engine, each answer a moment late, as they are. */
class VolumesOnly implements Runner {
  readonly volumes = new Map<string, Record<string, string>>();
  /** Replaces the answer after the work was done: what it gets is lost on the way back. */
  lose: ((argv: Argv) => boolean) | undefined;

  async run(argv: Argv): Promise<RunResult> {
    await sleep(Math.random() * 3);
    const result = this.#answer(argv);
    await sleep(Math.random() * 3);
    return this.lose?.(argv) === true ? { exitCode: 1, stdout: '', stderr: 'unexpected EOF' } : result;
  }

  #answer(argv: Argv): RunResult {
    const ok = (stdout: string): RunResult => ({ exitCode: 0, stdout, stderr: '' });
    const gone = (name: string): RunResult => ({
      exitCode: 1,
      stdout: '',
      stderr: `no such volume: ${name}`,
    });
    const name = argv.at(-1) ?? '';
    switch (argv[2]) {
      case 'create': {
        const labels = argv.flatMap((word, index) => (word === '--label' ? [argv[index + 1] ?? ''] : []));
        this.volumes.set(
          name,
          Object.fromEntries(labels.map((label) => label.split('=', 2) as [string, string])),
        );
        return ok(`${name}\n`);
      }
      case 'ls': {
        const [key = '', value] = name.replace('label=', '').split('=');
        const names = [...this.volumes].filter(
          ([, labels]) => key in labels && (value === undefined || labels[key] === value),
        );
        return ok(names.map(([each]) => `${each}\n`).join(''));
      }
      case 'inspect': {
        const missing = argv.slice(3).find((each) => !this.volumes.has(each));
        if (missing !== undefined) return gone(missing);
        return ok(
          JSON.stringify(argv.slice(3).map((each) => ({ Name: each, Labels: this.volumes.get(each) }))),
        );
      }
      case 'rm':
        return this.volumes.delete(name) ? ok(`${name}\n`) : gone(name);
      default:
        throw new Error(argv.join(' '));
    }
  }

  leave(name: string, project: string, holder: LockHolder | string): void {
    const text = typeof holder === 'string' ? holder : JSON.stringify(holder);
    this.volumes.set(name, {
      'docker-rewind.lock': project,
      'docker-rewind.lock-holder': Buffer.from(text).toString('base64url'),
    });
  }
}

describe('the lock of a project on its engine', () => {
  let engine: VolumesOnly;
  let elsewhere: string;
  beforeEach(() => {
    engine = new VolumesOnly();
    elsewhere = mkdtempSync(join(tmpdir(), 'rewind-elsewhere-'));
  });
  afterEach(() => rmSync(elsewhere, { recursive: true, force: true }));

  const take = (
    wait = 0,
    directory = '/srv/shop',
  ): Promise<Lock | { code: string; message: string; hint: string }> =>
    acquireEngineLock(
      engine,
      'shop',
      { command: 'deploy', directory },
      { until: monotonicMs() + wait },
    ).catch((error: unknown) => error as { code: string; message: string; hint: string });
  const dead = (directory?: string): LockHolder => {
    const { directory: _, ...holder } = { ...ownHolder('backup', ''), processStart: 1 };
    return directory === undefined ? holder : { ...holder, directory };
  };

  it('is held by one, and leaves nothing on the engine', async () => {
    const lock = await take();
    expect(await take()).to.include({ code: 'LOCKED', exitCode: 11 });
    expect(await engineLocks(engine)).to.have.length(1);
    await (lock as Lock).release();
    expect([...engine.volumes]).to.deep.equal([]);
  });

  it('goes to one after the other of several that wait, and never to two', async () => {
    let holding = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        const lock = await take(20_000);
        if (!('release' in lock)) throw new Error(lock.message);
        holding += 1;
        most = Math.max(most, holding);
        await sleep(5);
        holding -= 1;
        await lock.release();
      }),
    );
    expect(most).to.equal(1);
    expect([...engine.volumes]).to.deep.equal([]);
  });

  it('does not go to one project because of another', async () => {
    engine.leave('other', 'shop2', ownHolder('deploy', '/srv/shop2'));
    expect(await take()).to.have.property('release');
  });

  it('is taken over from a process that is gone, whose volume goes', async () => {
    engine.leave('dead', 'shop', dead('/srv/gone'));
    const lock = await take();
    expect(engine.volumes.has('dead')).to.equal(false);
    await (lock as Lock).release();
  });

  it('is not taken over from a process of another host, or of which nothing can be read', async () => {
    engine.leave('far', 'shop', { ...dead(), host: 'web2' });
    const refused = await take();
    expect(refused).to.include({ code: 'LOCKED' });
    expect(refused).to.have.property('hint').that.contains('docker volume rm far').and.contains('web2');
    engine.volumes.clear();
    engine.leave('odd', 'shop', 'who knows');
    expect(await take()).to.include({ code: 'LOCKED' });
    expect([...engine.volumes.keys()]).to.deep.equal(['odd']);
  });

  it('names the other directory where somebody who is gone left work unfinished', async () => {
    const journal = join(elsewhere, '.rewind/journal/20260101T000000000Z-abcdef');
    mkdirSync(journal, { recursive: true });
    writeFileSync(
      join(journal, 'plan.json'),
      JSON.stringify({ command: 'backup', scope: { project: 'shop' } }),
    );
    engine.leave('dead', 'shop', dead(elsewhere));
    const refused = await take();
    expect(refused).to.include({
      code: 'UNFINISHED',
      exitCode: 5,
      hint: `cd ${elsewhere} && docker rewind recover`,
    });
    expect([...engine.volumes.keys()]).to.deep.equal(['dead']);
    // There it may be concluded; it goes with the conclusion, and not before.
    const lock = (await take(0, elsewhere)) as Lock;
    expect(engine.volumes.has('dead')).to.equal(true);
    rmSync(journal, { recursive: true });
    await lock.release();
    expect([...engine.volumes]).to.deep.equal([]);
  });

  it('leaves no volume where the answer to its making was lost', async () => {
    engine.lose = (argv) => argv[2] === 'create';
    expect(await take()).to.include({ code: 'ENGINE' });
    expect([...engine.volumes]).to.deep.equal([]);
  });
});
