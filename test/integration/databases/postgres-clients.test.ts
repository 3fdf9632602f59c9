import { expect } from 'chai';
import { PostgresProject } from './postgres-project.ts';

/** A service that is well as long as it finds the table `good` in the database. */
const CLIENT = [
  'app:',
  '  image: rewind-test/postgres:15',
  '  entrypoint: ["sleep", "infinity"]',
  '  init: true',
  '  stop_grace_period: 1s',
  '  tmpfs: [/var/lib/postgresql/data]',
  '  environment: {PGPASSWORD: "$DB_PASSWORD", PGHOST: db, PGUSER: postgres, PGDATABASE: shop, PGCONNECT_TIMEOUT: 3}',
  '  depends_on: {db: {condition: service_healthy}}',
  '  healthcheck:',
  `    test: ["CMD-SHELL", "psql -XAtc 'select from good'"]`,
  '    interval: 1s',
  '    retries: 3',
  '    start_period: 20s',
  '    start_interval: 500ms',
  '  volumes: ["uploads:/uploads"]',
];

describe('those who use a PostgreSQL database', () => {
  let project: PostgresProject;
  afterEach(() => project.remove());

  async function make(rewind: string[] = []): Promise<void> {
    project = new PostgresProject();
    project.write('.env', 'DB_PASSWORD=correct-horse-7261\n');
    project.writeFile({ services: CLIENT, rewind });
    project.write(
      'compose.yml',
      project.read('compose.yml').replace('  db-data:\nx-', '  db-data:\n  uploads:\nx-'),
    );
    await project.docker(['compose', 'up', '-d', '--wait', 'db']);
    await project.sql('create database shop');
    await project.sql('create table good (one int); create table state as select 1 as one', 'shop');
    await project.up();
  }

  it('have to be well on the restored data; else the database is swapped back', async () => {
    await make();
    const good = await project.backup();
    expect(good.databases.map((each: any) => each.key)).to.deep.equal(['db/shop']);
    expect(good.volumes.map((each: any) => [each.key, each.consistency])).to.deep.equal([
      ['uploads', 'stopped'],
    ]);
    expect(good.downtime).to.have.all.keys('app');
    await project.sql('alter table good rename to bad', 'shop');
    const bad = await project.backup('db');
    await project.sql('alter table bad rename to good; update state set one = 2', 'shop');
    const live = await project.contents('shop');
    const [server] = await project.containers('db');

    const failed = await project.json(['restore', bad.id, '--yes', '--no-safety-backup']);
    expect([failed.exitCode, failed.document.error.code]).to.deep.equal([1, 'NOT_HEALTHY']);
    expect(failed.document.error.message).to.match(/Everything is back as it was/);
    expect(await project.contents('shop')).to.equal(live);
    expect(await project.leftovers()).to.deep.equal([]);

    // Volumes and databases together: the client is stopped for its volume, the server runs on.
    await project.must(['restore', good.id, '--yes']);
    expect(await project.sql('select one from state', 'shop')).to.equal('1\n');
    expect((await project.containers('db'))[0]?.id).to.equal(server?.id);
    expect((await project.containers('app'))[0]).to.include({ status: 'running', health: 'healthy' });
    expect(await project.leftovers()).to.deep.equal([]);
  });

  it('are deployed after a dump of it, which brings it back from a migration', async () => {
    await make();
    await project.docker(['tag', 'rewind-test/postgres:15', `${project.repository}:v1`]);
    await project.must(['deploy', `app=${project.repository}:v1`, '--yes']);
    const { points } = (await project.json(['list'])).document;
    expect(points[0].reason).to.match(/^deploy/);
    expect(points[0].databases.map((each: any) => each.key)).to.deep.equal(['db/shop']);
  });
});
