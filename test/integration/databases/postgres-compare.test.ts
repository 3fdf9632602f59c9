import { expect } from 'chai';
import { readFileSync, writeFileSync } from 'node:fs';
import { renderManifest } from '../../../src/restore-points/manifest.ts';
import { until } from '../world.ts';
import { PASSWORD, PostgresProject } from './postgres-project.ts';

/** Tables that are counted while their index is made, and others; names that want quotes; tables that are made of others. */
const TABLES = String.raw`
create table counted as select i, i % 7 as seven from generate_series(1, 5000) i;
alter table counted add primary key (i);
create index on counted (seven) where seven = 3;
create table heap as select i from generate_series(1, 4000) i;
create table empty (i int primary key);
create schema "o'dd %I";
create table "o'dd %I"."ta""ble \ %L" as select i from generate_series(1, 3000) i;
create table parts (i int, at int) partition by range (at);
create table parts_1 partition of parts for values from (0) to (10) partition by list (i);
create table parts_1_1 partition of parts_1 for values in (1);
create table parts_2 partition of parts for values from (10) to (20);
create index on parts (i);
insert into parts select 1, i % 20 from generate_series(1, 2000) i where i % 20 < 10;
insert into parts select 2, i % 20 from generate_series(1, 1000) i where i % 20 >= 10;
create table parent (i int);
create table child () inherits (parent);
insert into parent select i from generate_series(1, 60) i;
insert into child select i from generate_series(1, 40) i;
create materialized view summary as select seven, count(*) from counted group by 1;`;

/** Its users are well as soon as a file says so, and are waited for until then. */
class WaitingProject extends PostgresProject {
  override writeFile(): void {
    super.writeFile({
      services: [
        'app:', '  image: rewind-test/postgres:15', '  command: ["sleep", "infinity"]', '  init: true',
        '  healthcheck: { test: ["CMD", "test", "-e", "/tmp/well"], interval: 500ms, retries: 1000, start_period: 60s, start_interval: 200ms }',
      ],
    }); // prettier-ignore
  }

  override async up(): Promise<void> {
    await this.succeed(await this.docker(['compose', 'up', '-d', '--no-build', '--pull', 'never']));
    await this.app('touch /tmp/well');
    await super.up();
  }

  async restart(): Promise<void> {
    await this.succeed(await this.docker(['compose', 'restart', '-t', '10', 'db']));
  }

  async app(script: string): Promise<void> {
    await this.succeed(await this.docker(['compose', 'exec', '-T', 'app', 'sh', '-c', script]));
  }
}

describe('what was loaded into PostgreSQL', () => {
  let project: WaitingProject;
  let point: string;
  before(async () => {
    project = new WaitingProject();
    project.write('.env', `DB_PASSWORD=${PASSWORD}\n`);
    project.writeFile();
    await project.up();
    await project.sql('create database shop');
    await project.sql(TABLES, 'shop');
    point = (await project.backup('db/shop')).id;
  });
  afterEach(async () => {
    expect(await project.leftovers()).to.deep.equal([]);
    expect(await project.hasCrashed()).to.equal(false);
  });
  after(() => project.remove());

  const restore = (): string[] => ['restore', point, '--yes', '--no-safety-backup'];

  it('is compared to the row, with and without an index, and nothing is replaced by what is less', async () => {
    const path = project.path(`.rewind/points/${point}/manifest.json`);
    const whole = readFileSync(path, 'utf8');
    const { checksum: _, ...manifest } = JSON.parse(whole);
    const contents = await project.contents('shop');
    const [{ tables }] = manifest.databases;
    expect(tables).to.have.lengthOf(8);
    const original: number[] = tables.map(({ rows }: any) => rows);
    try {
      for (const [index, table] of tables.entries()) {
        table.rows += 1;
        writeFileSync(path, renderManifest(manifest));
        table.rows -= 1;
        const { exitCode, document } = await project.json(restore());
        expect([exitCode, document.error?.code], table.name).to.deep.equal([1, 'NOT_EQUAL']);
        expect(document.error.details).to.deep.equal([
          `${table.name}: ${original[index]} rows instead of ${(original[index] ?? 0) + 1}`,
        ]);
      }
    } finally {
      writeFileSync(path, whole);
    }
    expect(await project.contents('shop')).to.equal(contents);
  });

  it('has statistics of all tables, those of partitions and of what they are parts of as well', async () => {
    const without = `select c.oid::regclass from pg_class c where relnamespace >= 2200 and relkind in ('r', 'p', 'm')
      and not exists (select from pg_statistic s where s.starelid = c.oid) order by 1`;
    const inherited = 'select distinct starelid::regclass from pg_statistic where stainherit order by 1';
    const contents = await project.contents('shop');
    await project.sql('drop table heap, counted cascade', 'shop');
    await project.must(restore());
    expect(await project.contents('shop')).to.equal(contents);
    expect(await project.sql(`set search_path to public; ${without}`, 'shop')).to.equal('empty\n');
    expect(await project.sql(`set search_path to public; ${inherited}`, 'shop')).to.equal(
      'parent\nparts\nparts_1\n',
    );
    const never = 'select relname from pg_stat_user_tables where last_analyze is null';
    expect(await project.sql(never, 'shop')).to.equal('');
    // Once each.
    const often = 'select relname, analyze_count from pg_stat_user_tables where analyze_count > 1';
    expect(await project.sql(often, 'shop')).to.equal('');
  });

  it('is cleared up after, although the server is restarted between the swap and that', async () => {
    await project.sql('delete from heap', 'shop');
    await project.app('rm /tmp/well');
    const running = project.json(restore());
    await until('the swap', async () => (await project.databases()).some((name) => /__before_/.test(name)));
    // The way into its container that the command holds open ends with it.
    await project.restart();
    await project.app('touch /tmp/well');
    const { exitCode, document } = await running;
    expect([exitCode, document.error?.code], JSON.stringify(document)).to.deep.equal([0, undefined]);
    expect(await project.sql('select count(*) from heap', 'shop')).to.equal('4000\n');
  });
});
