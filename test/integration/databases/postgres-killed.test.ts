import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { dockerConfig } from '../../e2e/installed.ts';
import { CallShim } from '../../faults/call-shim.ts';
import { faultyRun } from '../../faults/faulty-run.ts';
import { killSession } from '../session.ts';
import { PostgresProject } from './postgres-project.ts';

/** More points than the usual few, for a thorough run. */
const POINTS = Number(process.env['REWIND_TEST_POINTS'] ?? 3);

const DATA = `
create table big as select i, encode(sha512(i::text::bytea), 'hex') || encode(sha512((-i)::text::bytea), 'hex') as t
  from generate_series(1, 80000) i;
alter table big add primary key (i);
create table state as select 'old' as word;`;

describe('a PostgreSQL database, when something is killed', () => {
  let project: PostgresProject;
  let point: string;
  let old: string;
  let live: string;
  before(async () => {
    project = await PostgresProject.make();
    await project.sql('create database shop');
    await project.sql(DATA, 'shop');
    old = await project.contents('shop');
    point = (await project.backup()).id;
    await damage();
    live = await project.contents('shop');
  });
  after(() => project.remove());

  const RESTORE = (): string[] => ['restore', point, '--yes', '--no-safety-backup'];

  async function damage(): Promise<void> {
    await project.sql("update state set word = 'live'; delete from big where i % 3 = 0", 'shop');
  }

  /** Runs a command and calls `act` at its Nth line of progress. Returns its exit code and how many lines there were. */
  async function actAt(args: string[], line: number, act: (leader: number) => unknown) {
    const child = spawn('docker', ['rewind', ...args, '--progress', 'json'], {
      cwd: project.directory,
      env: { ...process.env, DOCKER_CONFIG: await dockerConfig() },
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    const exit = once(child, 'exit');
    let lines = 0;
    let acted: unknown;
    for await (const _ of createInterface({ input: child.stderr })) {
      lines += 1;
      if (lines === line) acted = act(child.pid ?? 0);
    }
    const [exitCode] = await exit;
    await acted;
    return { exitCode: exitCode as number | null, lines };
  }

  const spread = (lines: number): number[] =>
    Array.from({ length: POINTS }, (_, index) => Math.max(1, Math.round(((index + 0.5) * lines) / POINTS)));

  /** The database is as before or as after, whole, and nothing else is there. Makes it live again. */
  async function isWhole(what: string): Promise<'old' | 'live'> {
    await project.up();
    const now = await project.contents('shop');
    const state = now === old ? 'old' : 'live';
    expect(now, what).to.equal(state === 'old' ? old : live);
    expect(await project.leftovers(), what).to.deep.equal([]);
    if (state === 'old') {
      await damage();
      live = await project.contents('shop');
    }
    return state;
  }

  it('is whole when its server dies at any time of a dump', async () => {
    const { lines } = await actAt(['backup'], 0, () => {});
    for (const line of spread(lines)) {
      const points = (await project.json(['list'])).document.points.length;
      const { exitCode } = await actAt(['backup'], line, () => project.docker(['compose', 'kill', 'db']));
      const made = (await project.json(['list'])).document.points.length - points;
      expect(made, `line ${line} of ${lines}, exit ${exitCode}`).to.equal(exitCode === 0 ? 1 : 0);
      expect(await isWhole(`line ${line}`)).to.equal('live');
    }
  });

  it('is whole when its server dies at any time of a restore, and the server runs again', async () => {
    const { lines } = await actAt(RESTORE(), 0, () => {});
    await isWhole('undisturbed');
    for (const line of spread(lines)) {
      const { exitCode } = await actAt(RESTORE(), line, () => project.docker(['compose', 'kill', 'db']));
      if (exitCode === 0 || exitCode === 5) {
        // It died when all was done, or while the old data was dropped, or was not back in time: that is left to recover.
        await project.up();
        expect((await project.rewind(['recover'])).exitCode).to.equal(0);
      }
      const [server] = await project.containers('db');
      expect(server, `line ${line} of ${lines}, exit ${exitCode}`).to.include({
        status: 'running',
        health: 'healthy',
      });
      expect(await isWhole(`line ${line}`)).to.equal(exitCode === 0 ? 'old' : 'live');
    }
  });

  it('is swapped all the same when the client in the middle of it dies: somebody may have written to it already', async () => {
    const shim = new CallShim();
    try {
      expect((await faultyRun(project, shim, RESTORE(), undefined)).exitCode).to.equal(0);
      await isWhole('undisturbed');
      const pattern = 'docker exec *';
      // The last one drops what was replaced; the one before it renames.
      const number = shim.calls.filter((line) => line.startsWith('docker exec ')).length - 1;
      const { exitCode, stderr } = await faultyRun(project, shim, RESTORE(), {
        mode: 'kill',
        number,
        pattern,
      });
      expect(shim.hit).to.contain('psql');
      expect(exitCode, stderr).to.equal(0);
      expect(stderr).to.contain('; once more');
      expect(await isWhole(stderr)).to.equal('old');
    } finally {
      shim.remove();
    }
  });

  it('is whole when the command itself is killed at any time of a restore, once that is recovered', async () => {
    const { lines } = await actAt(RESTORE(), 0, () => {});
    await isWhole('undisturbed');
    for (const line of spread(lines)) {
      await actAt(RESTORE(), line, killSession);
      const { exitCode, document } = await project.json(['recover']);
      expect(exitCode, JSON.stringify(document)).to.equal(0);
      await isWhole(`line ${line} of ${lines}`);
      expect((await project.json(['recover'])).document.recovered).to.deep.equal([]);
    }
    expect(await project.hasCrashed()).to.equal(false);
  });
});
