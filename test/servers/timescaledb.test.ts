import { expect } from 'chai';
import { PostgresProject } from '../integration/databases/postgres-project.ts';

const HYPERTABLES = `
create table plain (id int primary key, note text);
insert into plain select i, 'note ' || i from generate_series(1, 100) i;
create table readings (at timestamptz not null, sensor int not null references plain (id), value double precision);
select create_hypertable('readings', 'at', chunk_time_interval => interval '1 day');
create index on readings (sensor, at desc);
insert into readings select '2026-01-01'::timestamptz + i * interval '10 minutes', 1 + i % 100, i / 8.0 from generate_series(1, 5000) i;
create function changed() returns trigger language plpgsql as 'begin new.value := new.value + 0.5; return new; end';
create trigger changed before insert on readings for each row execute function changed();
create view by_day as select time_bucket('1 day', at) as day, sum(value) as total from readings group by 1;`;

const STATE = `
select count(*), sum(value), min(at), max(at) from readings;
select * from by_day order by 1;
select hypertable_schema, hypertable_name, num_chunks from timescaledb_information.hypertables order by 1, 2;
select hypertable_name, chunk_name, range_start, range_end from timescaledb_information.chunks order by 1, 3;
select hypertable_name, column_name, time_interval from timescaledb_information.dimensions;
select tgname from pg_trigger where tgrelid = 'readings'::regclass and not tgisinternal order by 1;
select setconfig from pg_db_role_setting where setdatabase = (select oid from pg_database where datname = current_database());
select count(*), md5(string_agg(note, ',' order by id)) from plain;`;

describe('TimescaleDB', () => {
  let project: PostgresProject;
  before(async () => {
    project = await PostgresProject.make();
    await project.sql('create database shop');
    await project.sql(`create extension if not exists timescaledb;\n${HYPERTABLES}`, 'shop');
  });
  after(() => project.remove());

  it('comes back with its hypertables and chunks, which go on as they were', async () => {
    const before = await project.sql(STATE, 'shop');
    const point = await project.backup('db/shop');
    await project.sql(
      `delete from readings where sensor > 50; select drop_chunks('readings', '2026-01-10'::timestamptz);
       create table extra (at timestamptz not null); select create_hypertable('extra', 'at'); drop view by_day;`,
      'shop',
    );
    await project.must(['restore', point.id, '--yes', '--no-safety-backup']);
    expect(await project.sql(STATE, 'shop')).to.equal(before);
    // New rows make new chunks, old ones find theirs, and what refers to another table is checked.
    await project.sql(`insert into readings values ('2027-01-01', 1, 1), ('2026-01-03', 2, 1)`, 'shop');
    expect(await project.sql(`select num_chunks from timescaledb_information.hypertables`, 'shop')).to.equal(
      `${Number(/readings\|(\d+)/.exec(before)?.[1]) + 1}\n`,
    );
    expect(
      (await project.trySql(`insert into readings values ('2026-01-03', 999, 1)`, 'shop')).stderr,
    ).to.match(/foreign key constraint/);
    await project.must(['restore', point.id, '--yes', '--no-safety-backup']);
    expect(await project.sql(STATE, 'shop')).to.equal(before);
    expect(await project.leftovers()).to.deep.equal([]);
  });

  it('comes back where it is gone, and beside the live database', async () => {
    const before = await project.sql(STATE, 'shop');
    const point = await project.backup();
    await project.must(['restore', point.id, '--only', 'db/shop', '--to-database', 'shop_check']);
    expect(await project.sql(STATE, 'shop_check')).to.equal(before);
    await project.sql('drop database shop_check with (force); drop database shop with (force)');
    await project.must(['restore', point.id, '--yes', '--no-safety-backup']);
    expect(await project.sql(STATE, 'shop')).to.equal(before);
    expect(await project.leftovers()).to.deep.equal([]);
  });

  it('comes back when all of it is restored together, the image’s own database too', async () => {
    const point = await project.backup();
    const before = await project.sql(STATE, 'shop');
    const databases = await project.databases();
    await project.sql('truncate readings', 'shop');
    await project.must(['restore', point.id, '--yes', '--no-safety-backup']);
    expect(await project.sql(STATE, 'shop')).to.equal(before);
    expect(await project.databases()).to.deep.equal(databases);
    expect(await project.sql("select extname from pg_extension where extname = 'timescaledb'")).to.equal(
      'timescaledb\n',
    );
    expect(await project.leftovers()).to.deep.equal([]);
  });
});
