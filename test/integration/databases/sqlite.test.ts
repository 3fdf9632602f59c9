import { expect } from 'chai';
import { byHand } from './by-hand.ts';
import { until } from '../world.ts';
import { SCHEMA, SqliteProject } from './sqlite-project.ts';

describe('SQLite files in volumes', () => {
  let project: SqliteProject;
  afterEach(() => project.remove());

  const stat = (path: string): Promise<string> => project.mustInside(`stat -c '%a %u %g' ${path}`);

  it('are found, dumped while they are written to, and put back exactly', async () => {
    project = await SqliteProject.start();
    await project.mustInside('mkdir -p /data/deep/er; chown 1000:1001 /data/deep/er');
    await project.sql('/data/deep/er/app.db', `PRAGMA journal_mode = wal;\n${SCHEMA}`);
    await project.mustInside(
      'chown 1000:1001 /data/deep/er/app.db; chmod 640 /data/deep/er/app.db; echo x >/data/note.db',
    );
    await project.sql(
      '/files/second.sqlite3',
      `PRAGMA journal_mode = delete;\nCREATE TABLE t (x); INSERT INTO t VALUES (1);`,
    );
    const before = await project.content('/data/deep/er/app.db');
    // Without an end, one commit after the other; each transaction keeps the two sums equal.
    const writer = project.inside(`
      while [ ! -e /tmp/stop ]; do
        sqlite3 -cmd '.timeout 10000' /data/deep/er/app.db "BEGIN IMMEDIATE; INSERT INTO made (a) VALUES (7); INSERT INTO keyed VALUES (hex(randomblob(8)), 7); COMMIT;" || exit 1
      done`);
    const point = await project.backup();
    await project.mustInside('touch /tmp/stop');
    expect((await writer).exitCode).to.be.oneOf([0, 137, 143]);
    const [app, other] = point.databases;
    expect(point.databases.map((each: any) => each.key)).to.deep.equal([
      'app/data:deep/er/app.db',
      'app/files:second.sqlite3',
    ]);
    const rows = Object.fromEntries(app.tables.map((table: any) => [table.name, table.rows]));
    expect(rows).to.include({ 'odd "name\'; --': 2, plain: 2, big: 2000 });
    expect(rows['made'] - 1).to.equal(rows['keyed'] - 2);
    expect(other.tables[0].rows).to.equal(1);

    await project.sql('/data/deep/er/app.db', 'DROP TABLE plain; DELETE FROM big; PRAGMA user_version = 1;');
    await project.mustInside(
      'rm /files/second.sqlite3; chmod 600 /data/deep/er/app.db; chown 0:0 /data/deep/er/app.db',
    );
    const { exitCode, document } = await project.restore(point.id);
    expect(exitCode, JSON.stringify(document)).to.equal(0);
    expect(await stat('/data/deep/er/app.db')).to.equal('640 1000 1001\n');
    // What the writer committed before the dump is in it, and nothing else has changed.
    await project.sql(
      '/data/deep/er/app.db',
      `DELETE FROM made WHERE a = 7; DELETE FROM counted WHERE at IN (SELECT k FROM keyed WHERE v = 7); DELETE FROM keyed WHERE v = 7;`,
    );
    const seqless = (text: string): string => text.replace(/^INSERT INTO sqlite_sequence.*\n/gm, '');
    expect(seqless(await project.content('/data/deep/er/app.db'))).to.equal(seqless(before));
    expect(await project.sql('/files/second.sqlite3', 'SELECT * FROM t')).to.equal('1\n');
    expect(await project.mustInside('cat /data/note.db')).to.equal('x\n');
    await project.clean();
  });

  it('come back alone, with what a crash left beside them gone, and only those that are named', async () => {
    project = await SqliteProject.start({ databases: ['data:app.db', '/files/second.db'], mode: 'hot' });
    await project.sql('/data/app.db', `PRAGMA journal_mode = wal;\n${SCHEMA}`);
    await project.sql('/files/second.db', 'CREATE TABLE t (x); INSERT INTO t VALUES (1);');
    await project.sql('/data/unnamed.db', 'CREATE TABLE t (x);');
    const before = await project.content('/data/app.db');
    const { id, databases } = await project.backup('app');
    expect(databases.map((each: any) => each.key)).to.deep.equal(['app/data:app.db', 'app/files:second.db']);
    // A write-ahead log that belongs to other pages than those that come back.
    await project.mustInside(`
      (echo 'PRAGMA wal_autocheckpoint = 0; DELETE FROM big; DELETE FROM plain;'; sleep 30) | sqlite3 /data/app.db >/dev/null &
      until [ "$(stat -c %s /data/app.db-wal 2>/dev/null || echo 0)" -gt 4096 ]; do sleep 0.05; done
      kill -9 $(pidof sqlite3); ls /data/app.db-wal /data/app.db-shm`);
    const [container] = await project.containers('app');
    const { exitCode, document } = await project.restore(id, '--only', 'app/data:app.db');
    expect(exitCode, JSON.stringify(document)).to.equal(0);
    expect(await project.mustInside('ls /data')).to.equal('app.db\nunnamed.db\n');
    expect(await project.content('/data/app.db')).to.equal(before);
    expect((await project.containers('app'))[0]?.id)
      .to.be.a('string')
      .and.equal(container?.id);
    await project.clean();
    // The present data of before is a restore point, too, with what the log said.
    const back = await project.restore(document.safetyPoint);
    expect(back.exitCode, JSON.stringify(back.document)).to.equal(0);
    expect(await project.sql('/data/app.db', 'SELECT count(*) FROM big')).to.equal('0\n');
    await project.compose(['stop', 'app']);
    const dump = databases[0].dump.path.split('/').at(-1);
    await byHand(project, 'sqlite', id, { SERVICE: 'app', DUMP: dump, FILE: '/data/app.db' });
    await project.compose(['start', 'app']);
    expect(await project.content('/data/app.db')).to.equal(before);
  });

  it('come back as they were when nobody is well on the restored ones', async () => {
    project = await SqliteProject.start({
      // Not before the table is there: it has to be well in the backup.
      healthcheck: `[ ! -e /tmp/live ] || sqlite3 /data/app.db 'SELECT * FROM live'`,
    });
    await project.sql('/data/app.db', 'PRAGMA journal_mode = wal; CREATE TABLE t (x);');
    const point = await project.backup();
    await project.sql('/data/app.db', 'CREATE TABLE live (x); INSERT INTO live VALUES (1);');
    await project.mustInside(': >/tmp/live');
    for (const only of [[], ['--only', 'app']]) {
      await until(
        'the app to be healthy',
        async () => (await project.containers('app'))[0]?.health === 'healthy',
      );
      const before = await project.content('/data/app.db');
      const { exitCode, document } = await project.restore(point.id, '--no-safety-backup', ...only);
      expect(exitCode, JSON.stringify(document)).to.equal(1);
      expect(await project.content('/data/app.db')).to.equal(before);
      await project.clean();
    }
  });
});
