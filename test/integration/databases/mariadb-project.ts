import { HELPER_IMAGE } from '../volumes/data-project.ts';
import { DatabaseProject } from './database-project.ts';
import type { RunOutcome } from '../../e2e/installed.ts';

export const PASSWORD = 'correct-horse-7261';

export interface MariadbOptions {
  version?: '10.11' | '11';
  /** Further arguments of the server. */
  server?: readonly string[];
  /** Lines of `environment:` instead of root's password. */
  environment?: readonly string[];
  /** The one variable that says where root's password is, instead of one with the password. */
  passwordFile?: 'MARIADB_ROOT_PASSWORD_FILE' | 'MYSQL_ROOT_PASSWORD_FILE';
  /** Lines of the service. */
  service?: readonly string[];
  /** Where its data lies; a volume without it. */
  data?: readonly string[];
  rewind?: readonly string[];
}

/** A project with one MariaDB server, and a client for tests in its container. */
export class MariadbProject extends DatabaseProject {
  /** Root's password of today. */
  password = PASSWORD;

  static async make(options: MariadbOptions = {}): Promise<MariadbProject> {
    const project = new MariadbProject();
    project.write('.env', `DB_PASSWORD=${PASSWORD}\n`);
    project.writeFile(options);
    await project.up();
    return project;
  }

  writeFile(options: MariadbOptions = {}): void {
    const { passwordFile } = options;
    if (passwordFile !== undefined) this.write('word.txt', PASSWORD);
    const environment =
      passwordFile === undefined
        ? (options.environment ?? ['MARIADB_ROOT_PASSWORD: ${DB_PASSWORD:?}'])
        : [`${passwordFile}: /run/secrets/word`];
    const server = [
      'mariadbd', '--innodb-flush-log-at-trx-commit=0', '--event-scheduler=ON', ...(options.server ?? []),
    ]; // prettier-ignore
    this.write(
      'compose.yml',
      [
        `name: ${this.name}`,
        'services:',
        '  db:',
        `    image: rewind-test/mariadb:${options.version ?? '10.11'}`,
        `    command: ${JSON.stringify(server)}`,
        '    stop_grace_period: 5s',
        '    environment:',
        ...environment.map((line) => `      ${line}`),
        '    healthcheck:',
        // Whoever is refused by name has reached the server.
        '      test: ["CMD-SHELL", "mariadb-admin --host=127.0.0.1 --user=nobody ping"]',
        '      start_period: 120s',
        '      start_interval: 200ms',
        '      interval: 1h',
        ...(options.data ?? ['volumes:', '  - db-data:/var/lib/mysql']).map((line) => `    ${line}`),
        ...(options.service ?? []).map((line) => `    ${line}`),
        ...(passwordFile === undefined
          ? []
          : ['    secrets: [word]', 'secrets:', '  word: { file: ./word.txt }']),
        'volumes:',
        '  db-data:',
        'x-rewind:',
        `  helper_image: ${HELPER_IMAGE}`,
        ...(options.rewind ?? []).map((line) => `  ${line}`),
        '',
      ].join('\n'),
    );
  }

  async up(): Promise<void> {
    await this.succeed(await this.docker(['compose', 'up', '-d', '--wait', '--no-build', '--pull', 'never']));
  }

  /** Runs SQL and returns what it prints; stops at the first error. */
  async sql(text: string, database = 'mysql'): Promise<string> {
    return this.succeed(await this.trySql(text, database)).stdout;
  }

  async trySql(text: string, database = 'mysql'): Promise<RunOutcome> {
    return this.docker(this.client(database), { input: text });
  }

  /** The arguments of `docker` for a client that reads SQL. */
  client(database: string): string[] {
    return [
      'exec', '-i', '-e', `MYSQL_PWD=${this.password}`,
      this.containerOf('db'), 'mariadb', '--user=root', '--batch', '--skip-column-names', '--binary-mode',
      '--default-character-set=utf8mb4', database,
    ]; // prettier-ignore
  }

  /** A shell script in the server's container. */
  async inside(script: string, ...args: string[]): Promise<string> {
    const word = `MYSQL_PWD=${this.password}`;
    return this.succeed(
      await this.docker(['exec', '-e', word, this.containerOf('db'), 'sh', '-c', script, 'sh', ...args]),
    ).stdout;
  }

  /** Everything that a dump of this database has to bring back, as text: definitions, and a checksum of each table's rows. */
  async contents(database: string): Promise<string> {
    return this.inside(CONTENTS, database);
  }

  /** Users, roles and grants. */
  async accounts(): Promise<string> {
    const users = await this.sql(
      "SELECT User, Host, is_role, JSON_REMOVE(JSON_EXTRACT(Priv, '$'), '$.password_last_changed') FROM mysql.user JOIN mysql.global_priv USING (User, Host) ORDER BY 1, 2",
    );
    const tables = ['db', 'tables_priv', 'columns_priv', 'procs_priv', 'roles_mapping'];
    let grants = '';
    for (const table of tables)
      grants += await this.inside(
        `mariadb-dump --user=root --compact --no-create-info --skip-extended-insert mysql "$1" | sed "s/,'[0-9: -]*')/)/; s/,'[0-9: -]*','/,'/" | sort`,
        table,
      );
    return `${users}\n${grants}`;
  }

  async databases(): Promise<string[]> {
    const names = await this.sql(
      "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema') ORDER BY 1",
    );
    return names.split('\n').filter((name) => name !== '');
  }

  /** What must never be left behind by anything that came to an end. */
  async leftovers(): Promise<string[]> {
    const left = await this.inside(LEFTOVERS);
    return [...this.unfinished(), ...left.split('\n').filter((line) => line !== '')];
  }
}

// Statements that are made of names, which may hold backquotes, are printed by one client and run by the next one.
const CONTENTS = `
set -e
client() { mariadb --user=root --skip-column-names --batch --default-character-set=utf8mb4 "$@"; }
each() {
  statements=$(client --raw -e "SET @q = CHAR(96 USING utf8mb4);
    SELECT CONCAT('$2', @q, REPLACE(TABLE_NAME, @q, CONCAT(@q, @q)), @q, '$3;') FROM information_schema.TABLES
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE IN ($4) ORDER BY TABLE_NAME" "$1")
  printf '%s\\n' "$statements" | client --binary-mode "$1"
}
mariadb-dump --user=root --no-data --routines --triggers --skip-dump-date --force "$1" 2>/dev/null | grep -v '^-- [HS]'
each "$1" 'CHECKSUM TABLE ' ' EXTENDED' "'BASE TABLE', 'SYSTEM VERSIONED'"
each "$1" 'SELECT next_not_cached_value, increment, cycle_count FROM ' '' "'SEQUENCE'"
client -e 'SELECT EVENT_NAME, DEFINER, EVENT_DEFINITION, EVENT_TYPE, EXECUTE_AT, INTERVAL_VALUE, INTERVAL_FIELD, SQL_MODE, STARTS, ENDS, STATUS, ON_COMPLETION, EVENT_COMMENT, TIME_ZONE, CHARACTER_SET_CLIENT, COLLATION_CONNECTION, DATABASE_COLLATION FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE() ORDER BY 1;
  SELECT @@character_set_database, @@collation_database' "$1"
`;

const LEFTOVERS = `
mariadb --user=root --skip-column-names --batch <<'SQL'
SELECT INFO FROM information_schema.PROCESSLIST
  WHERE ID <> CONNECTION_ID() AND (INFO LIKE '%SQL_NO_CACHE%' OR DB LIKE '%\\_\\_restore\\_%');
SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME REGEXP '__(restore|before)_';
SQL
for each in /proc/[0-9]*; do tr '\\0' ' ' <$each/cmdline 2>/dev/null; echo; done |
  grep -E '^(mariadb-dump|mariadb ).*--host=localhost' || true
`;
