import { expect } from 'chai';
import { END_OF_ANSWER } from '../../../src/databases/postgres/scripts.ts';
import { killSession, clientsWith } from '../session.ts';
import { SocketProxy } from '../socket-proxy.ts';
import { until } from '../world.ts';
import { atLine, outlivesDumps, outlivesRestores, spread, type Mortal } from './killed-server.ts';
import { PostgresProject } from './postgres-project.ts';

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

  const mortal = (): Mortal => ({
    project,
    service: 'db',
    restore: RESTORE,
    up: () => project.up(),
    isWhole,
  });

  it('is whole when its server dies at any time of a dump', () => outlivesDumps(mortal()));

  it('is whole when its server dies at any time of a restore, and the server runs again', () =>
    outlivesRestores(mortal()));

  /** Cuts the way of a restore that waits in the middle of its swap, until another one waits there. */
  async function swapsAllTheSame(env: Record<string, string>, cut: () => Promise<void>): Promise<void> {
    const sessions = (which: string): string => `select pid from pg_stat_activity where ${which}`;
    // Not yet: the lock of the database that is renamed is held.
    const holder = project.trySql(
      "begin; comment on database shop is 'held'; select pg_sleep(280); rollback",
    );
    const held = "wait_event = 'PgSleep'";
    await until('the lock', async () => (await project.sql(sessions(held))).trim() !== '');
    const running = project.rewind(RESTORE(), { env });
    const waiting =
      "application_name like 'docker-rewind%' and wait_event_type = 'Lock' and query ~ 'rename to'";
    let first = '';
    await until('the swap', async () => (first = (await project.sql(sessions(waiting))).trim()) !== '');
    await cut();
    // Another one waits then, and the first one does not any more.
    await until(
      'the next one',
      async () => !['', first].includes((await project.sql(sessions(waiting))).trim()),
    );
    await project.sql(`select pg_terminate_backend(pid) from pg_stat_activity where ${held}`);
    await holder;
    const { exitCode, stderr } = await running;
    expect(exitCode, stderr).to.equal(0);
    expect(stderr).to.contain('; once more');
    expect(await isWhole(stderr)).to.equal('old');
  }

  it('is swapped all the same when the client in the middle of it dies: somebody may have written to it already', () =>
    swapsAllTheSame({ REWIND_THROUGH_DOCKER: '1' }, async () => {
      const [container] = await project.containers('db');
      const ways = clientsWith('exec', container!.id, END_OF_ANSWER);
      expect(ways).to.have.lengthOf(1);
      for (const pid of ways) process.kill(pid, 'SIGKILL');
    }));

  it('is swapped all the same when the connection to the engine is cut in the middle of it', async () => {
    const proxy = await SocketProxy.make();
    try {
      await swapsAllTheSame({ DOCKER_HOST: `unix://${proxy.path}` }, async () => proxy.cutPrograms());
    } finally {
      proxy.close();
    }
  });

  it('is whole when the command itself is killed at any time of a restore, once that is recovered', async () => {
    const { lines } = await atLine(project, RESTORE(), 0, () => {});
    await isWhole('undisturbed');
    for (const line of spread(lines)) {
      await atLine(project, RESTORE(), line, killSession);
      const { exitCode, document } = await project.json(['recover']);
      expect(exitCode, JSON.stringify(document)).to.equal(0);
      await isWhole(`line ${line} of ${lines}`);
      expect((await project.json(['recover'])).document.recovered).to.deep.equal([]);
    }
    expect(await project.hasCrashed()).to.equal(false);
  });
});
