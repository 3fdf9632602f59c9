import { HELPER_IMAGE } from '../volumes/data-project.ts';
import { DatabaseProject } from './database-project.ts';
import { POSTGRES_SERVER } from './servers.ts';
import type { RunOutcome } from '../../e2e/installed.ts';

export const PASSWORD = 'correct-horse-7261';

export interface PostgresOptions {
  /** Its image: `postgres:17`. */
  image?: string;
  /** Lines of `environment:` besides the password's. */
  environment?: readonly string[];
  /** Lines of the service. */
  service?: readonly string[];
  rewind?: readonly string[];
  /** What else there is of services. */
  services?: readonly string[];
}

/** A project with one PostgreSQL server, and a client for tests in its container. */
export class PostgresProject extends DatabaseProject {
  static async make(options: PostgresOptions = {}): Promise<PostgresProject> {
    const project = new PostgresProject();
    project.write('.env', `DB_PASSWORD=${PASSWORD}\n`);
    project.writeFile(options);
    await project.up();
    return project;
  }

  writeFile(options: PostgresOptions = {}): void {
    this.write(
      'compose.yml',
      [
        `name: ${this.name}`,
        'services:',
        '  db:',
        `    image: rewind-test/${options.image ?? POSTGRES_SERVER}`,
        '    command: ["postgres", "-c", "fsync=off", "-c", "max_prepared_transactions=5"]',
        '    shm_size: 128m',
        '    environment:',
        ...(options.environment ?? ['POSTGRES_PASSWORD: ${DB_PASSWORD:?}']).map((line) => `      ${line}`),
        '    healthcheck:',
        '      test: ["CMD-SHELL", "pg_isready -q -h 127.0.0.1"]',
        '      start_period: 120s',
        '      start_interval: 200ms',
        '      interval: 1h',
        '    volumes:',
        // From 18 on the images keep the data in a directory of its version.
        `      - db-data:/var/lib/postgresql${(options.image ?? POSTGRES_SERVER).endsWith(':18') ? '' : '/data'}`,
        ...(options.service ?? []).map((line) => `    ${line}`),
        ...(options.services ?? []).map((line) => `  ${line}`),
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

  /** Runs SQL in a database and returns what it prints; stops at the first error. */
  async sql(text: string, database = 'postgres'): Promise<string> {
    const outcome = await this.trySql(text, database);
    return this.succeed(outcome).stdout;
  }

  async trySql(text: string, database = 'postgres'): Promise<RunOutcome> {
    return this.client(
      ['psql', '-XAtq', '-U', 'postgres', '-v', 'ON_ERROR_STOP=1', '-f', '-'],
      database,
      text,
    );
  }

  private client(command: readonly string[], database: string, input: string): Promise<RunOutcome> {
    const settings = ['-e', `PGDATABASE=${database}`, '-e', 'PGOPTIONS=-c client_min_messages=warning'];
    return this.docker(['exec', '-i', ...settings, this.containerOf('db'), ...command], { input });
  }

  /** A shell script in the server's container. */
  async inside(script: string, ...args: string[]): Promise<string> {
    return this.succeed(
      await this.docker(['exec', this.containerOf('db'), 'sh', '-c', script, 'sh', ...args]),
    ).stdout;
  }

  /** Everything that a dump of this database has to bring back, as text: its schema, all its rows, its sequences. */
  async contents(database: string): Promise<string> {
    const script =
      'pg_dump -U postgres --schema-only | grep -vE "^.(un)?restrict "; exec psql -XAtq -U postgres -v ON_ERROR_STOP=1 -f -';
    return this.succeed(await this.client(['sh', '-c', script], database, ROWS)).stdout;
  }

  /** The part of it that every version shows alike. */
  async rows(database: string): Promise<string> {
    return this.sql(ROWS, database);
  }

  /** The same project with a new, empty server of another version. */
  async renew(options: PostgresOptions): Promise<void> {
    await this.docker(['compose', 'down', '-v', '-t', '0']);
    this.writeFile(options);
    await this.up();
  }

  async globals(): Promise<string> {
    return this.inside('pg_dumpall -U postgres --globals-only | grep -vE "^.(un)?restrict "');
  }

  async databases(): Promise<string[]> {
    const names = await this.sql('select datname from pg_database where not datistemplate order by 1');
    return names.split('\n').filter((name) => name !== '');
  }

  /** What must never be left behind by anything that came to an end. */
  async leftovers(): Promise<string[]> {
    const files = await this.inside(
      'ls -d /tmp/docker-rewind-* "$PGDATA"/docker-rewind-* 2>/dev/null || true',
    );
    const state = await this.sql(
      `select application_name from pg_stat_activity where application_name like 'docker-rewind%';
       select datname from pg_database where not datistemplate and (not datallowconn or datname ~ '__(restore|before)_')`,
    );
    return [
      ...this.unfinished(),
      ...[files, state].flatMap((text) => text.split('\n').filter((line) => line !== '')),
    ];
  }

  /** Whether the server ever took one of our processes for a crashed one of its own. */
  async hasCrashed(): Promise<boolean> {
    const { stdout, stderr } = await this.docker(['compose', 'logs', 'db']);
    return /terminating any other active server processes/.test(stdout + stderr);
  }
}

/** A checksum of every row of every table and materialized view, every sequence, and the large objects. */
const ROWS = String.raw`
set search_path to '';
select format(case c.relkind when 'S' then 'select %L, last_value, is_called from %I.%I;'
      else 'select %L, count(*), md5(string_agg(t::text, chr(10) order by t::text collate "C")) from only %I.%I t;' end,
    n.nspname || '.' || c.relname, n.nspname, c.relname)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'm', 'S') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1
\gexec
select l.oid, pg_get_userbyid(m.lomowner), m.lomacl, md5(lo_get(l.oid)) from pg_largeobject_metadata m
  join lateral (select m.oid) l on true order by 1;
select setrole::regrole, setconfig from pg_db_role_setting
  where setdatabase = (select oid from pg_database where datname = current_database()) order by 1;
select pg_get_userbyid(datdba), datacl, datconnlimit, pg_encoding_to_char(encoding), datcollate, shobj_description(oid, 'pg_database')
  from pg_database where datname = current_database();
`;
