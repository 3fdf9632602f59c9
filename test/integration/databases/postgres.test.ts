import { expect } from 'chai';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { until } from '../world.ts';
import { DAMAGE, DATABASE_SETTINGS, EVERYTHING, ROLES } from './postgres-everything.ts';
import { PAGILA, PAGILA_ROLES } from './postgres-pagila.ts';
import { PASSWORD, PostgresProject } from './postgres-project.ts';
import { POSTGRES_SERVER } from './servers.ts';

const ODD = `we "ird' = name;`;

const [, version = ''] = POSTGRES_SERVER.split(':');

describe(`PostgreSQL ${version}`, () => {
  let project: PostgresProject;
  before(async () => {
    project = await PostgresProject.make();
    await project.sql(ROLES);
    for (const name of ['shop', ODD]) await makeDatabase(name);
  });
  after(() => project.remove());

  async function makeDatabase(name: string): Promise<void> {
    await project.sql(`\\set name '${name.replaceAll("'", "''")}'\ncreate database :"name" owner owner;`);
    await project.sql(EVERYTHING, name);
    await project.sql(`\\set name '${name.replaceAll("'", "''")}'\n${DATABASE_SETTINGS}`);
  }

  it('comes back to the row, the grant and the setting, whatever happened to it since', async () => {
    const before = { shop: await project.contents('shop'), odd: await project.contents(ODD) };
    const globals = await project.globals();
    const point = await project.backup();
    expect(
      point.databases.map((database: any) => [database.key, database.version.replace(/\..*/, '')]),
    ).to.deep.equal([
      ['db/shop', version],
      [`db/${ODD}`, version],
    ]);
    expect(point.volumes).to.deep.equal([]);
    await project.sql(DAMAGE, 'shop');
    await project.sql('drop table public.empty', ODD);
    await project
      .sql(
        `alter database shop reset all; alter database shop owner to postgres;
      drop role "odd ""role'; name"`,
      )
      .catch(() => {});
    const client = project.docker([
      'compose',
      'exec',
      '-T',
      'db',
      'psql',
      '-U',
      'postgres',
      'shop',
      '-c',
      'select pg_sleep(600)',
    ]);

    const { exitCode, document } = await project.json(['restore', point.id, '--only', 'db/shop', '--yes']);
    expect(exitCode, JSON.stringify(document)).to.equal(0);
    expect(document.databases).to.deep.equal(['db/shop']);
    expect((await client).exitCode).to.not.equal(0);
    expect(await project.contents('shop')).to.equal(before.shop);
    expect(await project.contents(ODD)).to.not.equal(before.odd);
    await project.must(['restore', point.id, '--yes', '--no-safety-backup']);
    expect(await project.contents(ODD)).to.equal(before.odd);
    expect(await project.globals()).to.equal(globals);
    // The data as it was before the first restore is in a point of its own.
    await project.must(['restore', document.safetyPoint, '--yes', '--no-safety-backup']);
    expect(await project.sql('select one from shop.new_table', 'shop')).to.equal('1\n');
    await project.must(['restore', point.id, '--yes', '--no-safety-backup']);
    expect(await project.leftovers()).to.deep.equal([]);
    expect(await project.hasCrashed()).to.equal(false);
  });

  it('is dumped from one snapshot, counts and all, while others write', async () => {
    await project.sql(
      `create table public.ledger_a (n bigserial primary key); create table public.ledger_b (n bigint)`,
      'shop',
    );
    const writer = spawn(
      'docker',
      ['compose', 'exec', '-T', 'db', 'psql', '-XqU', 'postgres', 'shop', '-c',
        `do $$ begin loop with new as (insert into public.ledger_a default values returning n) insert into public.ledger_b select n from new; commit; end loop; end $$`],
      { cwd: project.directory, stdio: 'ignore' },
    ); // prettier-ignore
    const ended = once(writer, 'exit');
    await until('rows to be written', async () =>
      (await project.sql('select count(*) > 50 from public.ledger_a', 'shop')).startsWith('t'),
    );
    const point = await project.backup('db/shop');
    const [{ tables }] = point.databases;
    const rowsOf = (name: string): number => tables.find((table: any) => table.name === name).rows;
    expect(rowsOf('public.ledger_a')).to.equal(rowsOf('public.ledger_b')).and.to.be.above(50);
    expect(rowsOf('shop.products')).to.equal(2000);
    // The writer works on until the swap disconnects it, and cannot get in again before it is done.
    await project.must(['restore', point.id, '--only', 'db/shop', '--yes', '--no-safety-backup']);
    await ended;
    const same = await project.sql(
      `select count(*), count(b.n), max(a.n) from public.ledger_a a full join public.ledger_b b using (n)`,
      'shop',
    );
    const rows = rowsOf('public.ledger_a');
    expect(same).to.match(new RegExp(`^${rows}\\|${rows}\\|`));
    await project.sql('drop table public.ledger_a, public.ledger_b', 'shop');
  });

  it('goes beside the live database under another name, and never over one that is there', async () => {
    const before = await project.contents('shop');
    const { id } = await project.backup('db', '--no-counts');
    await project.must(['restore', id, '--only', 'db/shop', '--to-database', 'shop check']);
    const copy = await project.contents('shop check');
    expect(copy).to.equal(before);
    const again = await project.json(['restore', id, '--only', 'db/shop', '--to-database', 'shop check']);
    expect([again.exitCode, again.document.error.code]).to.deep.equal([4, 'DATABASE_EXISTS']);
    expect((await project.rewind(['restore', id, '--to-database', 'other'])).exitCode).to.equal(2);
    expect(await project.contents('shop')).to.equal(before);
    await project.sql('drop database "shop check"');
    expect(await project.leftovers()).to.deep.equal([]);
  });

  it('comes back where it is the one that everybody works from', async () => {
    await project.sql('create table kept as select 1 as one; comment on database postgres is $$mine$$');
    const before = await project.contents('postgres');
    const { id } = await project.backup('db/postgres');
    await project.sql('drop table kept; create table other ()');
    await project.must(['restore', id, '--yes']);
    expect(await project.contents('postgres')).to.equal(before);
    await project.sql('drop table kept');
    expect(await project.leftovers()).to.deep.equal([]);
  });

  it('is listed with its tables and rows, and counted only where that is wanted', async () => {
    const from = Date.now();
    const { id } = await project.backup();
    // The snapshots of all were taken before the first dump was written.
    const times = await project.dumpTimes(id, { from, to: Date.now() });
    expect(times).to.have.length(2);
    expect(Math.max(...times.map(({ taken }) => taken))).to.be.at.most(
      Math.min(...times.map(({ finished }) => finished)),
    );
    const inspected = await project.rewind(['inspect', id]);
    expect(inspected.stdout)
      .to.match(new RegExp(`db/shop +postgres ${version}\\.\\d+ `))
      .and.to.match(/db\/shop shop\.products +2000/);
    expect((await project.rewind(['list'])).stdout).to.match(new RegExp(`${id} .*db/shop.*dump`));
    const uncounted = await project.backup('db/shop', '--no-counts');
    expect(uncounted.databases[0].tables).to.equal(null);
    expect((await project.rewind(['backup', 'db/shpo'])).exitCode).to.equal(10);
    expect((await project.rewind(['backup', 'dbx'])).stderr).to.match(/Did you mean db/);
  });

  it('comes back where it is gone altogether, with the roles that are gone as well', async () => {
    const { id } = await project.backup();
    const [before, globals] = [await project.contents('shop'), await project.globals()];
    await project.sql(`drop database shop`);
    await project.sql(`drop database "${ODD.replaceAll('"', '""')}"`);
    await project.sql(`drop role owner; drop role reader; drop role "odd ""role'; name"`);
    await project.must(['restore', id, '--yes']);
    expect(await project.contents('shop')).to.equal(before);
    expect(await project.globals()).to.equal(globals);
    expect(await project.leftovers()).to.deep.equal([]);
  });

  it('comes back to the row where it and its roles are gone altogether: a well-known sample schema', async () => {
    await project.sql(PAGILA_ROLES);
    await project.sql('create database pagila owner pagila');
    await project.sql(PAGILA, 'pagila');
    const [before, globals] = [await project.contents('pagila'), await project.globals()];
    const asked = `set role pagila_app; select * from sales_by_store order by 1; select count(*), max(actors) from film_list;
      select count(*) from film_in_stock(1, 2); select count(*) from rewards_report(28); select * from rental_by_category order by 1;
      select title from film where fulltext @@ to_tsquery('english', 'battle & 42');`;
    const answers = await project.sql(asked, 'pagila');
    expect(answers.split('\n')).to.have.length(10);
    const { id } = await project.backup('db/pagila');
    await project.sql('drop database pagila');
    await project.sql('drop role pagila, pagila_reader, pagila_app');
    await project.must(['restore', id, '--yes', '--no-safety-backup']);
    expect(await project.contents('pagila')).to.equal(before);
    expect(await project.globals()).to.equal(globals);
    expect(await project.sql(asked, 'pagila')).to.equal(answers);
    // What it does by itself goes on: numbers, the full text, partitions, foreign keys; and what is forbidden stays so.
    const lives = `insert into film (title, language_id) values ('BRAND NEW', 1);
      select film_id, fulltext from film where fulltext @@ to_tsquery('brand');
      insert into payment (customer_id, staff_id, rental_id, amount, payment_date) values (1, 1, 1, 1, '2022-02-03') returning tableoid::regclass;`;
    expect(await project.sql(lives, 'pagila')).to.equal("1001|'brand':1 'new':2\npayment_p2022_02\n");
    for (const refused of [
      'insert into film_actor values (9999, 1)',
      'set role pagila_app; delete from film',
    ])
      expect((await project.trySql(refused, 'pagila')).stderr).to.match(/foreign key|permission denied/);
    await project.sql('drop database pagila');
    await project.sql('drop role pagila, pagila_reader, pagila_app');
    expect(await project.leftovers()).to.deep.equal([]);
  });

  // Older ones do not warn.
  const warns = Number(version) >= 15 ? it : (): void => {};
  warns(
    'is dumped and restored where the server warns whoever connects: its image has another C library',
    async () => {
      const before = await project.contents('shop');
      const recorded = (collation: string): Promise<string> =>
        project.sql(
          `update pg_database set datcollversion = ${collation} where datname in ('postgres', 'template1', 'shop')`,
        );
      await recorded("'0.1'");
      try {
        const { id } = await project.backup('db/shop');
        await project.sql(DAMAGE, 'shop');
        await project.must(['restore', id, '--yes', '--no-safety-backup']);
      } finally {
        await recorded('null');
      }
      expect(await project.contents('shop')).to.equal(before);
      expect(await project.leftovers()).to.deep.equal([]);
    },
  );

  it('shows its password to nobody', async () => {
    const { id } = await project.backup();
    const shown = await project.rewind(['restore', id, '--yes', '--progress', 'json', '-D']);
    expect(shown.stdout + shown.stderr).to.not.include(PASSWORD);
    expect(() => execFileSync('grep', ['-rl', PASSWORD, project.path('.rewind')])).to.throw();
  });
});
