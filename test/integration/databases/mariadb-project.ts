import { HELPER_IMAGE } from '../volumes/data-project.ts';
import { DatabaseProject } from './database-project.ts';
import { flavourOf, type Flavour } from './mariadb-flavour.ts';
import { MARIADB_SERVER } from './servers.ts';
import type { RunOutcome } from '../../e2e/installed.ts';

export const PASSWORD = 'correct-horse-7261';

export interface MariadbOptions {
  /** Its image, which tells MySQL from MariaDB. */
  image?: string;
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

/** A project with one MariaDB or MySQL server, and a client for tests in its container. */
export class MariadbProject extends DatabaseProject {
  /** Root's password of today. */
  password = PASSWORD;
  flavour: Flavour = flavourOf(MARIADB_SERVER);

  static async make(options: MariadbOptions = {}): Promise<MariadbProject> {
    const project = new MariadbProject();
    project.write('.env', `DB_PASSWORD=${PASSWORD}\n`);
    project.writeFile(options);
    await project.up();
    return project;
  }

  writeFile(options: MariadbOptions = {}): void {
    const { passwordFile, image = MARIADB_SERVER } = options;
    this.flavour = flavourOf(image);
    if (passwordFile !== undefined) this.write('word.txt', PASSWORD);
    const environment =
      passwordFile === undefined
        ? (options.environment ?? [`${this.flavour.variable}_ROOT_PASSWORD: \${DB_PASSWORD:?}`])
        : [`${passwordFile}: /run/secrets/word`];
    const server = [
      this.flavour.daemon, '--innodb-flush-log-at-trx-commit=0', '--event-scheduler=ON', '--max-allowed-packet=16M',
      ...this.flavour.settings, ...(options.server ?? []),
    ]; // prettier-ignore
    this.write(
      'compose.yml',
      [
        `name: ${this.name}`,
        'services:',
        '  db:',
        `    image: rewind-test/${image}`,
        `    command: ${JSON.stringify(server)}`,
        '    stop_grace_period: 5s',
        '    environment:',
        ...environment.map((line) => `      ${line}`),
        '    healthcheck:',
        // Whoever is refused by name has reached the server.
        `      test: ["CMD-SHELL", "${this.flavour.script('mariadb-admin')} --host=127.0.0.1 --user=nobody ping"]`,
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
    return this.docker(this.client(database), { input: this.flavour.sql(text) });
  }

  /** The arguments of `docker` for a client that reads SQL. */
  client(database: string): string[] {
    return [
      'exec', '-i', '-e', `MYSQL_PWD=${this.password}`,
      this.containerOf('db'), this.flavour.script('mariadb'), '--user=root', '--batch', '--skip-column-names', '--binary-mode',
      '--default-character-set=utf8mb4', database,
    ]; // prettier-ignore
  }

  /** A shell script in the server's container. */
  async inside(script: string, ...args: string[]): Promise<string> {
    const word = `MYSQL_PWD=${this.password}`;
    const command = this.flavour.script(script);
    return this.succeed(
      await this.docker(['exec', '-e', word, this.containerOf('db'), 'sh', '-c', command, 'sh', ...args]),
    ).stdout;
  }

  /** Everything that a dump of this database has to bring back, as text: definitions, and a checksum of each table's rows. */
  async contents(database: string): Promise<string> {
    return this.inside(this.flavour.kind === 'mysql' ? CONTENTS_OF_MYSQL : CONTENTS, database);
  }

  /** Users, roles and grants. */
  async accounts(): Promise<string> {
    if (this.flavour.kind === 'mysql') return this.inside(ACCOUNTS_OF_MYSQL);
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

// MySQL's CHECKSUM TABLE differs for equal rows where an index is on an expression, and its definitions name a character
// set once more when they have been read back.
const CONTENTS_OF_MYSQL = CONTENTS.replace(
  /^each .*CHECKSUM.*$/m,
  `mariadb-dump --user=root --no-create-info --skip-triggers --skip-extended-insert --hex-blob --order-by-primary --compact "$1" >/tmp/rows
awk '{ rows[$3]++ } END { for (table in rows) print table, rows[table] }' /tmp/rows | sort
sha256sum /tmp/rows
rm /tmp/rows`,
).replace("grep -v '^-- [HS]'", "grep -v '^-- [HS]' | sed 's/ CHARACTER SET [a-z0-9]* COLLATE/ COLLATE/'");

const ACCOUNTS_OF_MYSQL = `
client() { mysql --user=root --skip-column-names --batch --raw --default-character-set=utf8mb4 "$@"; }
client -e "SELECT CONCAT('SET print_identified_with_as_hex = ON; SHOW CREATE USER ', QUOTE(User), '@', QUOTE(Host), '; SHOW GRANTS FOR ', QUOTE(User), '@', QUOTE(Host), ';')
  FROM mysql.user ORDER BY User, Host" | client
client -e 'SELECT * FROM mysql.role_edges ORDER BY 1, 2, 3, 4; SELECT * FROM mysql.default_roles ORDER BY 1, 2, 3, 4;
  SELECT User, Host, User_attributes FROM mysql.user ORDER BY 1, 2'
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
