import { expect } from 'chai';
import { byHand } from './by-hand.ts';
import { until } from '../world.ts';
import { SCHEMA, SqliteProject } from './sqlite-project.ts';

describe('SQLite files in volumes', () => {
  let project: SqliteProject;
  afterEach(() => project.remove());

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
      healthcheck: `[ ! -e /data/app.db ] || sqlite3 /data/app.db 'SELECT * FROM live'`,
    });
    await project.sql('/data/app.db', 'PRAGMA journal_mode = wal; CREATE TABLE t (x);');
    const point = await project.backup();
    await project.sql('/data/app.db', 'CREATE TABLE live (x); INSERT INTO live VALUES (1);');
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
