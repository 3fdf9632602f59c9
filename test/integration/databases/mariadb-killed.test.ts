import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { dockerConfig } from '../../e2e/installed.ts';
import { killSession } from '../session.ts';
import { until } from '../world.ts';
import { outlivesDumps, outlivesRestores, type Mortal } from './killed-server.ts';
import { MariadbProject } from './mariadb-project.ts';
import { MARIADB_SERVER } from './servers.ts';

/** How far a restore has come, as a question to the server whose answer is a number above 0. */
const POINTS = {
  'rows are loaded':
    "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA LIKE '%__restore__%' AND TABLE_NAME = 'big'",
  'the swap begins': "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE '%__before__%'",
  'tables are renamed':
    "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA LIKE '%__before__%'",
};

const DUMPING =
  "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE '%SQL_NO_CACHE%big%' AND ID <> CONNECTION_ID()";

const DATA = `
CREATE TABLE big (i INT PRIMARY KEY, t TEXT);
INSERT INTO big SELECT seq, CONCAT(SHA2(seq, 512), SHA2(-seq, 512)) FROM seq_1_to_60000;
CREATE TABLE child (i INT, FOREIGN KEY (i) REFERENCES big (i));
INSERT INTO child SELECT seq FROM seq_1_to_100;
CREATE TABLE state (word VARCHAR(10)) ENGINE = Aria;
INSERT INTO state VALUES ('old');
CREATE TABLE log (what VARCHAR(20));
CREATE TRIGGER logged AFTER INSERT ON child FOR EACH ROW INSERT INTO log VALUES ('old');
CREATE VIEW words AS SELECT * FROM state;
CREATE PROCEDURE word() SELECT 'old';`;

const DAMAGE = `
UPDATE state SET word = 'live';
DELETE FROM big WHERE i MOD 3 = 0 AND i > 100;
CREATE TABLE extra (i INT);
CREATE OR REPLACE PROCEDURE word() SELECT 'live';
CREATE OR REPLACE TRIGGER logged AFTER INSERT ON child FOR EACH ROW INSERT INTO log VALUES ('live');`;

describe(`a database of ${MARIADB_SERVER}, when something is killed`, () => {
  let project: MariadbProject;
  let point: string;
  let old: string;
  let live: string;
  before(async () => {
    project = await MariadbProject.make({ passwordFile: 'MYSQL_ROOT_PASSWORD_FILE' });
    await project.sql('CREATE DATABASE shop');
    await project.sql(DATA, 'shop');
    old = await project.contents('shop');
    point = (await project.backup()).id;
    await damage();
  });
  after(() => project.remove());

  const RESTORE = (): string[] => ['restore', point, '--yes', '--no-safety-backup'];

  async function damage(): Promise<void> {
    await project.sql(DAMAGE, 'shop');
    live = await project.contents('shop');
  }

  /** Runs a command and calls `act` as soon as the server answers so. Returns the command's exit code. */
  async function actAt(args: string[], question: string, act: (leader: number) => unknown) {
    const child = spawn('docker', ['rewind', ...args], {
      cwd: project.directory,
      env: { ...process.env, DOCKER_CONFIG: await dockerConfig() },
      stdio: 'ignore',
      detached: true,
    });
    const exit = once(child, 'exit');
    // Asked in the container, without a pause: some of these moments are short. It gives up with the command.
    const asking = project.inside(
      'until [ "$(mariadb --user=root -N -e "$1" 2>/dev/null || echo 0)" -gt 0 ] || [ -e /tmp/give-up ]; do :; done; rm -f /tmp/give-up',
      question,
    );
    const first = await Promise.race([asking.then(() => 'reached'), exit.then(() => 'over')]);
    if (first === 'over') {
      await project.inside('touch /tmp/give-up');
      await asking;
      throw new Error(`the command was over before: ${question}`);
    }
    await act(child.pid ?? 0);
    const [exitCode] = await exit;
    return exitCode as number | null;
  }

  /** The database is as before or as after, whole, and nothing else is there. Makes it live again. */
  async function isWhole(what: string): Promise<'old' | 'live'> {
    await project.up();
    const now = await project.contents('shop');
    const state = now === old ? 'old' : 'live';
    expect(now, what).to.equal(state === 'old' ? old : live);
    expect(await project.leftovers(), what).to.deep.equal([]);
    if (state === 'old') await damage();
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

  const killServer = (): Promise<unknown> => project.docker(['compose', 'kill', 'db']);

  it('is whole when its server dies in a dump, which fails', async () => {
    const points = (await project.json(['list'])).document.points.length;
    expect(await actAt(['backup'], DUMPING, killServer)).to.equal(1);
    expect((await project.json(['list'])).document.points.length).to.equal(points);
    expect(await isWhole('a dump')).to.equal('live');
  });

  for (const [moment, question] of Object.entries(POINTS)) {
    it(`is whole when its server dies in a restore while ${moment}`, async () => {
      const exitCode = await actAt(RESTORE(), question, killServer);
      if (exitCode === 0 || exitCode === 5) {
        // It died while the old data was dropped, or was not back in time: that is left to recover.
        await project.up();
        const { exitCode: recovered, document } = await project.json(['recover']);
        expect(recovered, JSON.stringify(document)).to.equal(0);
      }
      expect(await isWhole(`exit ${exitCode}`)).to.equal(exitCode === 0 ? 'old' : 'live');
    });

    it(`is whole when the command is killed while ${moment}, once that is recovered`, async () => {
      await actAt(RESTORE(), question, killSession);
      const { exitCode, document } = await project.json(['recover']);
      expect(exitCode, JSON.stringify(document)).to.equal(0);
      await isWhole(moment);
      expect((await project.json(['recover'])).document.recovered).to.deep.equal([]);
    });
  }

  it('is put back where a server that was killed left a trigger of which nothing is there but its name', async () => {
    // MySQL keeps triggers in tables, which are whole or as before.
    if (project.flavour.kind === 'mysql') return;
    await project.inside(`cd /var/lib/mysql/shop && cp -p logged.TRN /tmp/half && mariadb --user=root shop -e 'DROP TRIGGER logged'
      cp -p /tmp/half logged.TRN`);
    const { stderr, exitCode } = await project.rewind(RESTORE());
    expect(exitCode, stderr).to.equal(0);
    expect(await isWhole('half a trigger')).to.equal('old');
  });

  it('is dumped by nobody any more when the command is killed', async () => {
    await actAt(['backup'], DUMPING, killSession);
    await until(
      'the dump tool to end',
      async () => (await project.inside('pidof mariadb-dump || true')) === '',
    );
    await project.json(['recover']);
    expect(await isWhole('a dump')).to.equal('live');
  });
});
