import { expect } from 'chai';
import type { RunOutcome } from '../../e2e/installed.ts';
import { DatabaseProject } from './database-project.ts';
import { until } from '../world.ts';

const IMAGE = 'rewind-test/helper:1';

/** Ends at once when it is told to; says when it is ready. */
const APP = `trap 'exit 0' TERM; : >/tmp/ready; while :; do sleep 0.2 & wait; done`;

/** A project with one service `app` that has sqlite3, a volume `data` at /data and a directory `./files` at /files. */
export class SqliteProject extends DatabaseProject {
  static async start(
    options: { databases?: readonly string[]; script?: string; mode?: string; healthcheck?: string } = {},
  ): Promise<SqliteProject> {
    const project = new SqliteProject();
    project.writeFile(options);
    project.write('files/other', 'no database');
    try {
      await project.compose(['up', '-d', '--no-build', '--pull', 'never']);
      await until('the app', async () => (await project.inside('test -e /tmp/ready')).exitCode === 0);
      return project;
    } catch (error) {
      await project.remove();
      throw error;
    }
  }

  writeFile(options: {
    databases?: readonly string[];
    script?: string;
    mode?: string;
    healthcheck?: string;
  }): void {
    const { databases, script = APP, mode, healthcheck } = options;
    const settings = { backup: 'sqlite', ...(databases === undefined ? {} : { databases }) };
    this.write(
      'compose.yml',
      [
        `name: ${this.name}`,
        'services:',
        '  app:',
        `    image: ${IMAGE}`,
        `    command: ${JSON.stringify(['sh', '-c', script]).replaceAll('$', '$$$$')}`,
        '    stop_grace_period: 2s',
        '    volumes: ["data:/data", "./files:/files"]',
        ...(healthcheck === undefined
          ? []
          : [
              '    healthcheck:',
              `      test: ["CMD-SHELL", ${JSON.stringify(healthcheck)}]`,
              '      interval: 1s',
              '      retries: 2',
            ]),
        'volumes:',
        '  data:',
        'x-rewind:',
        `  helper_image: ${IMAGE}`,
        '  services:',
        `    app: ${JSON.stringify(settings)}`,
        ...(mode === undefined ? [] : ['  volumes:', `    data: {mode: ${mode}}`]),
        '',
      ].join('\n'),
    );
  }

  async compose(args: readonly string[]): Promise<RunOutcome> {
    return this.succeed(await this.docker(['compose', ...args]));
  }

  inside(script: string): Promise<RunOutcome> {
    return this.docker(['exec', this.containerOf('app'), 'bash', '-c', script]);
  }

  async mustInside(script: string): Promise<string> {
    return this.succeed(await this.inside(script)).stdout;
  }

  /** SQL from standard input, so that it may hold every sign. */
  async sql(file: string, sql: string): Promise<string> {
    const args = ['exec', '-i', this.containerOf('app'), 'sqlite3', '-bail', '-cmd', '.timeout 10000', file];
    return this.succeed(await this.docker(args, { input: sql })).stdout;
  }

  /** The schema, every row of every table (those of `big` as a digest), and what the file itself says. */
  async content(file: string): Promise<string> {
    return this.mustInside(`
      set -e
      sqlite3 -bail -cmd '.timeout 10000' ${file} .dump >/tmp/dump
      grep -v '^INSERT INTO big' /tmp/dump
      grep '^INSERT INTO big' /tmp/dump | sha256sum
      sqlite3 -bail ${file} 'PRAGMA user_version; PRAGMA application_id; PRAGMA integrity_check'`);
  }

  /** Nothing of ours is in the volumes, no helper runs. */
  async clean(): Promise<void> {
    expect(await this.mustInside('find /data /files -name ".rewind*"')).to.equal('');
    const helpers = await this.docker([
      'ps', '-a', '--filter', 'label=docker-rewind.helper', '--filter', `volume=${this.name}_data`, '--format', '{{.Names}}',
    ]); // prettier-ignore
    expect(helpers.stdout).to.equal('');
  }
}

/** A schema with one of everything that a file can hold. */
export const SCHEMA = `
PRAGMA user_version = 42;
PRAGMA application_id = 4711;
CREATE TABLE "odd ""name'; --" ("a b" TEXT, n INTEGER, r REAL, b BLOB);
INSERT INTO "odd ""name'; --" VALUES ('ünïcode €', 9223372036854775807, 1.5e300, x'00ff00'), (NULL, NULL, NULL, NULL);
CREATE TABLE plain (v TEXT);
INSERT INTO plain (rowid, v) VALUES (5, 'five'), (1000, 'thousand');
CREATE TABLE keyed (k TEXT PRIMARY KEY, v) WITHOUT ROWID;
INSERT INTO keyed VALUES ('a', 1), ('b', 2);
CREATE TABLE made (a INTEGER, twice GENERATED ALWAYS AS (a * 2) STORED);
INSERT INTO made (a) VALUES (21);
CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT);
INSERT INTO counted (at) VALUES ('x'), ('y'); DELETE FROM counted WHERE id = 2;
CREATE INDEX by_at ON counted (lower(at)) WHERE at IS NOT NULL;
CREATE VIEW seen AS SELECT * FROM counted;
CREATE TRIGGER watch AFTER INSERT ON keyed BEGIN INSERT INTO counted (at) VALUES (new.k); END;
CREATE VIRTUAL TABLE words USING fts5(body);
INSERT INTO words VALUES ('the quick brown fox');
CREATE TABLE big (id INTEGER PRIMARY KEY, v BLOB);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO big SELECT i, randomblob(300) FROM n;
`;
