import { RewindError } from '../../errors.ts';
import type { ServerState } from '../engine.ts';
import { rows, scriptArgv, type Access } from './client.ts';
import { failure, prefix } from './failure.ts';
import { text } from './names.ts';
import { VERSIONS } from './scripts.ts';

const SYSTEM = "'information_schema', 'performance_schema', 'mysql', 'sys', 'ndbinfo'";

export interface Database {
  name: string;
  bytes: number;
  charset: string;
  collation: string;
}

/** The version as people say it: `10.11.18`, of `10.11.18-MariaDB-0+deb12u1`. */
export const shortVersion = (version: string): string => /\d+\.\d+\.\d+/.exec(version)?.[0] ?? version;

const series = (version: string): string => /\d+\.\d+/.exec(version)?.[0] ?? version;

/** The server's version. Throws CANNOT_CONNECT, and WRONG_CLIENT where the container's client is of another series. */
export async function serverVersion(access: Access): Promise<string> {
  const { server, context } = access;
  const result = await context.runner.run(scriptArgv(access, VERSIONS, [], false), {
    signal: context.signal,
  });
  if (result.exitCode !== 0) throw failure(server, result, 'asking for its version');
  const [client = '', version = ''] = result.stdout.trim().split('\n').slice(-2);
  const of = /(?:Distrib|from|Ver) (\d+\.\d+\.\d+)/.exec(client.replace(/Ver 1\d\.\d+ /, ''))?.[1] ?? client;
  if (series(of) !== series(version)) {
    throw new RewindError(
      'WRONG_CLIENT',
      `${server.service}: the container's client is version ${of}, its server ${shortVersion(version)}`,
      { exit: 'refused', hint: 'Use an image whose client and dump tool are of the version of its server' },
    );
  }
  return shortVersion(version);
}

/** The databases that are not the server's own, by name. */
export async function listDatabases(access: Access): Promise<Database[]> {
  const found = await rows(
    access,
    `SELECT s.SCHEMA_NAME, COALESCE(SUM(t.DATA_LENGTH + t.INDEX_LENGTH), 0), s.DEFAULT_CHARACTER_SET_NAME, s.DEFAULT_COLLATION_NAME
FROM information_schema.SCHEMATA s LEFT JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = s.SCHEMA_NAME
WHERE s.SCHEMA_NAME NOT IN (${SYSTEM}) AND s.SCHEMA_NAME NOT LIKE '#mysql50#%'
GROUP BY s.SCHEMA_NAME, s.DEFAULT_CHARACTER_SET_NAME, s.DEFAULT_COLLATION_NAME ORDER BY s.SCHEMA_NAME;`,
    'listing its databases',
  );
  return found.map(([name = '', bytes, charset = '', collation = '']) => ({
    name,
    bytes: Number(bytes),
    charset,
    collation,
  }));
}

export async function observeServer(access: Access): Promise<ServerState> {
  const version = await serverVersion(access);
  return { version, databases: await listDatabases(access) };
}

/** What a user who does not see everything would leave out without a word. Throws MAY_NOT_READ (exit 4). */
export async function requireReadsAll(access: Access): Promise<void> {
  const needed = ['SELECT', 'SHOW DATABASES', 'SHOW VIEW', 'TRIGGER', 'EVENT'];
  const found = await rows(
    access,
    `SELECT CURRENT_USER(), '';
SELECT '', PRIVILEGE_TYPE FROM information_schema.USER_PRIVILEGES
WHERE GRANTEE = CONCAT('''', SUBSTRING(CURRENT_USER(), 1, CHAR_LENGTH(CURRENT_USER()) - CHAR_LENGTH(SUBSTRING_INDEX(CURRENT_USER(), '@', -1)) - 1), '''@''', SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '''');`,
    'asking what we may read',
  );
  const held = new Set(found.map(([, privilege]) => privilege));
  const missing = needed.filter((privilege) => !held.has(privilege));
  if (missing.length === 0) return;
  const { server } = access;
  throw new RewindError(
    'MAY_NOT_READ',
    `${server.service}: the account ${found[0]?.[0] ?? ''} may not read everything: it lacks ${missing.join(', ')}`,
    {
      exit: 'refused',
      hint: `Give the container ${prefix(server)}_ROOT_PASSWORD or ${prefix(server)}_ROOT_PASSWORD_FILE; or x-rewind.services.${server.service}.backup: volumes`,
    },
  );
}

/** A table, sequence or view. */
export interface Relation {
  name: string;
  type: 'table' | 'sequence' | 'view';
  /** Of a table: its storage engine. */
  engine: string;
  /** System versioned: rows of the past are part of it. */
  versioned: boolean;
  /** Of a view: whether it can be read; something that it names is gone otherwise. */
  valid: boolean;
}

/** What a database holds of tables, sequences and views. */
export async function listRelations(access: Access, database: string): Promise<Relation[]> {
  const found = await rows(
    access,
    `SELECT TABLE_NAME, TABLE_TYPE, COALESCE(ENGINE, ''), CASE WHEN TABLE_TYPE = 'VIEW' THEN TABLE_COMMENT ELSE '' END
FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${text(database)} ORDER BY TABLE_NAME;`,
    `listing the tables of ${database}`,
  );
  return found.map(([name = '', type = '', engine = '', comment = '']) => ({
    name,
    type: type.endsWith('VIEW') ? 'view' : type === 'SEQUENCE' ? 'sequence' : 'table',
    engine,
    versioned: type === 'SYSTEM VERSIONED',
    valid: comment === '' || comment === 'VIEW',
  }));
}

/** Tables and sequences that there are now; none where there is no such database. */
export async function tableNames(access: Access, database: string): Promise<string[]> {
  return (await tablesOf(access, [database]))[0] ?? [];
}

/** The same of several databases at one moment. */
export async function tablesOf(access: Access, databases: readonly string[]): Promise<string[][]> {
  const found = await rows(
    access,
    `SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES
WHERE TABLE_SCHEMA IN (${databases.map(text).join(', ')}) AND TABLE_TYPE NOT LIKE '%VIEW' ORDER BY TABLE_NAME;`,
    `listing the tables of ${databases.join(', ')}`,
  );
  return databases.map((database) =>
    found.filter(([schema]) => schema === database).map(([, name = '']) => name),
  );
}

/** Names that a dump, which is made of lines, cannot hold safely. */
export async function refuseLineBreaks(access: Access, databases: readonly string[]): Promise<void> {
  const list = databases.map(text).join(', ');
  const [found] = await rows(
    access,
    `SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS
WHERE TABLE_SCHEMA IN (${list}) AND CONCAT(TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME) REGEXP '[\\n\\r]' LIMIT 1;`,
    'checking names',
  );
  if (found === undefined) return;
  throw new RewindError(
    'UNSAFE_NAME',
    `${access.server.service}: a name holds a line break, which no dump can keep apart from its own lines: ${JSON.stringify(found)}`,
    { exit: 'refused', hint: 'Rename it' },
  );
}
