import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { dockerConfig } from '../../e2e/installed.ts';
import { killSession } from '../session.ts';
import { MariadbProject } from './mariadb-project.ts';

/** More points than the usual few, for a thorough run. */
const POINTS = Number(process.env['REWIND_TEST_POINTS'] ?? 3);

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

describe('a MariaDB database, when something is killed', () => {
  let project: MariadbProject;
  let point: string;
  let old: string;
  let live: string;
  before(async () => {
    project = await MariadbProject.make();
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
    if (state === 'old') await damage();
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

  it('is whole when its server dies at any time of a restore, once that is recovered', async () => {
    const { lines } = await actAt(RESTORE(), 0, () => {});
    await isWhole('undisturbed');
    for (const line of spread(lines)) {
      const { exitCode } = await actAt(RESTORE(), line, () => project.docker(['compose', 'kill', 'db']));
      if (exitCode === 5) {
        await project.up();
        const { exitCode: recovered, document } = await project.json(['recover']);
        expect(recovered, JSON.stringify(document)).to.equal(0);
      }
      expect(await isWhole(`line ${line} of ${lines}, exit ${exitCode}`)).to.equal(
        exitCode === 0 ? 'old' : 'live',
      );
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
  });
});
