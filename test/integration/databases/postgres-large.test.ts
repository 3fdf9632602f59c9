import { expect } from 'chai';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { until } from '../world.ts';
import { PASSWORD, PostgresProject } from './postgres-project.ts';

/** Rows that do not compress: the dump is larger than what one job loads. */
const INCOMPRESSIBLE = `
create table noise as select i, decode(string_agg(md5((i * 100 + j)::text), ''), 'hex') as bytes
  from generate_series(1, 16000) i, generate_series(1, 100) j group by i;
alter table noise add primary key (i);`;

describe('a large PostgreSQL database, its password in a file', () => {
  let project: PostgresProject;
  before(async () => {
    project = new PostgresProject();
    project.write('.env', '');
    project.write('word.txt', PASSWORD);
    project.writeFile({
      environment: ['POSTGRES_PASSWORD_FILE: /run/secrets/word'],
      service: ['secrets: [word]'],
    });
    project.write('compose.yml', `${project.read('compose.yml')}secrets:\n  word: { file: ./word.txt }\n`);
    await project.up();
    await project.sql('create database bench');
    await project.inside('pgbench -U postgres -q -i -s 3 --foreign-keys bench');
    await project.sql(INCOMPRESSIBLE, 'bench');
  });
  after(() => project.remove());

  /** Whether the server trusts those on its own host, or wants to hear the password. */
  async function trusts(trust: boolean): Promise<void> {
    const [from, to] = trust ? ['md5', 'trust'] : ['trust', 'md5'];
    await project.inside('sed -i "s/$1/$2/" "$PGDATA/pg_hba.conf"; kill -HUP 1', from, to);
    await until('the server to take that', async () => {
      return ((await project.trySql('select 1')).exitCode === 0) === trust;
    });
  }

  it('is dumped while pgbench works on it, and loaded by several jobs', async () => {
    const load = spawn(
      'docker',
      ['compose', 'exec', '-T', 'db', 'pgbench', '-U', 'postgres', '-c', '2', '-T', '600', 'bench'],
      { cwd: project.directory, stdio: 'ignore' },
    );
    const ended = once(load, 'exit');
    await until('transactions', async () =>
      (await project.sql('select count(*) > 20 from pgbench_history', 'bench')).startsWith('t'),
    );
    const { document: point, ...shown } = await project.watch(['backup', 'db/bench'], 'db/bench');
    const [{ dump, tables }] = point.databases;
    expect(dump.bytes).to.be.above(16 * 1024 * 1024);
    expect(shown.tables).to.include('public.noise');
    expect(shown.bytes).to.deep.equal([...new Set(shown.bytes)].sort((a, b) => a - b));
    expect(shown.bytes.at(-1)).to.equal(dump.bytes);
    // The load goes on until the swap disconnects it.
    const running = project.must(['restore', point.id, '--yes', '--no-safety-backup']);
    const jobs =
      "select count(*) > 1 from pg_stat_activity where application_name like 'docker-rewind%' and datname like 'bench\\_\\_restore%'";
    await until('several jobs', async () => (await project.trySql(jobs)).stdout.startsWith('t'), 120_000);
    await running;
    await ended;
    // What every transaction adds to an account it adds to its teller, its branch and the history as well.
    const sums = await project.sql(
      `select (select sum(abalance) from pgbench_accounts) = (select coalesce(sum(delta), 0) from pgbench_history),
        (select sum(bbalance) from pgbench_branches) = (select sum(tbalance) from pgbench_tellers),
        (select count(*) from pgbench_history)`,
      'bench',
    );
    const history = tables.find((table: any) => table.name === 'public.pgbench_history').rows;
    expect(history).to.be.above(20);
    expect(sums).to.equal(`t|t|${history}\n`);
    expect(await project.leftovers()).to.deep.equal([]);
  });

  it('is dumped and restored to the row where the server wants the password, which is told to nobody', async () => {
    const before = await project.contents('bench');
    await trusts(false);
    try {
      const session = await project.tty(['backup', 'db/bench']);
      await session.expect(/db\/bench \d.*B, public\.noise/, 60_000);
      expect(await session.exit(), session.text).to.equal(0);
      const shown = await project.watch(['restore', 'latest', '--yes', '--no-safety-backup'], 'db/bench');
      expect(shown.tables).to.include('public.noise');
      const { document: point } = await project.json(['inspect', 'latest']);
      expect(shown.bytes.at(-1)).to.equal(point.databases[0].dump.bytes);
    } finally {
      await trusts(true);
    }
    expect(await project.contents('bench')).to.equal(before);
    expect(() => execFileSync('grep', ['-rl', PASSWORD, project.path('.rewind')])).to.throw();
    expect(await project.leftovers()).to.deep.equal([]);
    expect(await project.hasCrashed()).to.equal(false);
  });
});

describe('a large PostgreSQL database, where its dump finds no place or another one', () => {
  const RESTORE = ['restore', 'latest', '--yes', '--no-safety-backup'];
  let project: PostgresProject;
  let contents: string;
  let bytes: number;
  let point: string;
  before(async () => {
    project = await PostgresProject.make();
    await project.sql('create database bench');
    await project.sql(INCOMPRESSIBLE, 'bench');
    contents = await project.contents('bench');
    const made = await project.backup('db/bench');
    ({ bytes } = made.databases[0].dump);
    point = made.id;
  });
  after(() => project.remove());

  /** The same server in another container, half of its rows lost. */
  async function inContainer(service: readonly string[], directory?: string): Promise<void> {
    const environment = [
      'POSTGRES_PASSWORD: ${DB_PASSWORD:?}',
      ...(directory ? [`TMPDIR: ${directory}`] : []),
    ];
    project.writeFile({ service, environment });
    await project.up();
    await project.sql('delete from noise where i % 2 = 0', 'bench');
  }

  async function isAsBefore(): Promise<void> {
    expect(await project.contents('bench')).to.equal(contents);
    expect(await project.leftovers()).to.deep.equal([]);
    expect(await project.hasCrashed()).to.equal(false);
  }

  it('is refused where a byte of it is wrong: it is checked while it is on its way', async () => {
    await inContainer([]);
    const live = await project.contents('bench');
    const dump = project.path(`.rewind/points/${point}/databases/db/bench.dump`);
    const whole = readFileSync(dump);
    const bad = Buffer.from(whole);
    bad[bytes - 1] = (bad[bytes - 1] ?? 0) ^ 1;
    for (const content of [bad, whole.subarray(0, -1), Buffer.concat([whole, Buffer.of(0)])]) {
      writeFileSync(dump, content);
      const { exitCode, document } = await project.json(RESTORE);
      expect([exitCode, document.error?.code], JSON.stringify(document)).to.deep.equal([4, 'DAMAGED']);
      expect(document.error.message).to.match(/Nothing was changed/);
    }
    writeFileSync(dump, whole);
    expect(await project.contents('bench')).to.equal(live);
    expect(await project.leftovers()).to.deep.equal([]);
  });

  it('is loaded by several jobs out of a file beside the data, where nothing else may be written', async () => {
    await inContainer(['read_only: true', 'user: postgres', 'tmpfs: [/tmp, "/run/postgresql:mode=1777"]']);
    const running = project.must(RESTORE);
    const file = 'stat -c "%U %a" "$PGDATA"/docker-rewind-*.dump 2>/dev/null || true';
    await until('the file', async () => (await project.inside(file)) === 'postgres 600\n');
    await running;
    await isAsBefore();
  });

  it('is loaded through the standard input, where the engine puts no file into the container', async () => {
    // The engine knows the volume by its path in the file. /var/run is a link: in /run/postgresql it sees the read-only root.
    const directory = '/var/run/postgresql';
    await inContainer(
      ['  - /var/run/postgresql', 'read_only: true', 'user: postgres', 'tmpfs: [/tmp]'],
      directory,
    );
    expect(await project.inside('touch "$TMPDIR/mine" && rm "$TMPDIR/mine" && echo writable')).to.equal(
      'writable\n',
    );
    const [container] = await project.containers('db');
    const copied = await project.docker(['cp', project.path('compose.yml'), `${container!.id}:${directory}`]);
    expect(copied.stderr).to.contain('marked read-only');
    const shown = await project.watch(RESTORE, 'db/bench');
    expect(shown.bytes.at(-1)).to.equal(bytes);
    // It begins anew once, when the engine has refused.
    expect(shown.bytes.filter((done, index) => done < (shown.bytes[index - 1] ?? 0))).to.have.length.below(2);
    expect(await project.inside('ls "$TMPDIR"')).to.equal('');
    await isAsBefore();
  });

  it('is loaded from beside the data, where temporary files lie in memory that the engine does not see', async () => {
    await inContainer([], '/dev/shm');
    const shown = await project.watch(RESTORE, 'db/bench');
    expect(shown.bytes.at(-1)).to.equal(bytes);
    await isAsBefore();
  });
});
