import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { RewindError } from '../../errors.ts';
import { listRelations } from './catalog.ts';
import { rows, scriptArgv, SETTINGS, type Access } from './client.ts';
import { dumpEvents } from './events.ts';
import { failure } from './failure.ts';
import { lockName, qualified, text } from './names.ts';
import { LOAD } from './scripts.ts';
import { CutOff, runTool } from './tool.ts';
import { inOrderOfUse } from './view-order.ts';

/**
 * Views, routines, triggers and events of a database: texts that people wrote, which may name any database. They are
 * never run in a database of another name than their own.
 */
export interface Programs {
  /** What the dump tool wrote; '' where there are none. */
  sql: Buffer;
  /** Views that name something that is gone: no tool can dump them. */
  invalid: string[];
}

export async function dumpPrograms(access: Access, database: string): Promise<Programs> {
  const relations = await listRelations(access, database);
  const views = relations.filter(({ type }) => type === 'view');
  const valid = views.filter((view) => view.valid).map(({ name }) => name);
  const texts = ['--routines', '--triggers', '--skip-events', '--no-data', '--no-create-info'];
  const parts = [
    await wholeRun(access, database, [...texts, '--', database]),
    await dumpEvents(access, database),
  ];
  if (valid.length > 0)
    parts.push(
      await wholeRun(access, database, [
        '--no-data',
        '--skip-triggers',
        '--skip-events',
        '--skip-routines',
        '--',
        database,
        ...(await ordered(access, database, valid)),
      ]),
    );
  return {
    sql: Buffer.concat(parts),
    invalid: views.filter((view) => !view.valid).map(({ name }) => name),
  };
}

async function ordered(access: Access, database: string, valid: readonly string[]): Promise<string[]> {
  const found = await rows(
    access,
    `SELECT TABLE_NAME, VIEW_DEFINITION FROM information_schema.VIEWS WHERE TABLE_SCHEMA = ${text(database)} ORDER BY TABLE_NAME;`,
    `reading the views of ${database}`,
  );
  const definitions = new Map(found.map(([name = '', definition = '']) => [name, definition]));
  return inOrderOfUse(definitions, (name) => qualified(database, name)).filter((name) =>
    valid.includes(name),
  );
}

/** A run that comes out as a whole: its last line says so. */
async function wholeRun(access: Access, database: string, options: readonly string[]): Promise<Buffer> {
  const what = `the dump of views, routines, triggers and events of ${database}`;
  return runTool(access, options, {
    doing: `dumping views, routines, triggers and events of ${database}`,
    output: async (stdout) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of stdout) chunks.push(chunk as Uint8Array);
      const written = Buffer.concat(chunks);
      if (!isWhole(written)) throw new CutOff(what);
      return withoutSandbox(written);
    },
  });
}

/** Whether the last line is the one that the tool writes when all went well. */
export const isWhole = (sql: Buffer): boolean =>
  /(?:^|\n)-- Dump completed[^\n]*\n$/.test(sql.subarray(Math.max(0, sql.length - 200)).toString('latin1'));

/** The first line of newer tools, which older clients take for an error; our client obeys no commands anyway. */
export const SANDBOX = Buffer.from('/*M!999999\\- enable the sandbox mode */');

function withoutSandbox(sql: Buffer): Buffer {
  return sql.subarray(0, SANDBOX.length).equals(SANDBOX) ? sql.subarray(sql.indexOf('\n') + 1) : sql;
}

/** Removes what is there, but for `keep` (views that could not be put back), and makes what the file says. */
export async function replacePrograms(
  access: Access,
  request: { database: string; file: string; keep: readonly string[]; restore: string },
  halves: readonly string[] = [],
): Promise<void> {
  const { database, file, keep, restore } = request;
  const sql = await readFile(file);
  if (!isWhole(sql)) throw new RewindError('DATABASE_FAILED', `${file} is damaged: its end is missing`);
  const drops = await dropStatements(access, database, keep);
  drops.push(...halves.map((name) => `DROP TRIGGER IF EXISTS ${qualified(database, name)};`));
  await rows(access, drops.join('\n'), `removing views, routines, triggers and events of ${database}`);
  const doing = `making views, routines, triggers and events of ${database}`;
  try {
    await runSql(access, { database, sql, restore, doing });
  } catch (error) {
    const half = halfTrigger(error, database);
    if (half === undefined || halves.includes(half)) throw error;
    await replacePrograms(access, request, [...halves, half]);
  }
}

/**
 * A trigger of which nothing is there but that its name is taken, as MariaDB leaves it where it is killed while it makes or
 * drops one: it is not listed, cannot be made, and can be dropped.
 */
function halfTrigger(error: unknown, database: string): string | undefined {
  // The number is the same in all languages, and so is what stands between the quotes.
  const taken = error instanceof RewindError ? /ERROR 1359 [^']*'(.*)'/.exec(error.message)?.[1] : undefined;
  return taken?.startsWith(`${database}.`) === true ? taken.slice(database.length + 1) : undefined;
}

/** Feeds a dump to the client, byte by byte as it is: texts are in the character sets that they were written in. */
async function runSql(
  access: Access,
  { database, sql, restore, doing }: { database: string; sql: Buffer; restore: string; doing: string },
): Promise<void> {
  const { server, context } = access;
  const lock = `${SETTINGS}SELECT GET_LOCK(${text(lockName(restore, 'programs'))}, 30);\n`;
  const { result } = await context.runner.stream(scriptArgv(access, LOAD, [database], true), {
    input: Readable.from([Buffer.from(lock), sql]),
    signal: context.signal,
    output: async (stdout) => void stdout.resume(),
  });
  if (result.exitCode !== 0) throw failure(server, result, doing);
}

async function dropStatements(access: Access, database: string, keep: readonly string[]): Promise<string[]> {
  const name = text(database);
  const found = await rows(
    access,
    `SELECT 'VIEW', TABLE_NAME FROM information_schema.VIEWS WHERE TABLE_SCHEMA = ${name};
SELECT ROUTINE_TYPE, ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ${name};
SELECT 'EVENT', EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ${name};
SELECT 'TRIGGER', TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ${name};`,
    `listing views, routines, triggers and events of ${database}`,
  );
  return found
    .filter(([type, own = '']) => type !== 'PACKAGE BODY' && (type !== 'VIEW' || !keep.includes(own)))
    .map(([type = '', own = '']) => {
      const drop = `DROP ${type} IF EXISTS ${qualified(database, own)};`;
      // A package goes with its body, and is known in this mode only.
      return type === 'PACKAGE' ? `SET sql_mode = ORACLE; ${drop} SET sql_mode = '';` : drop;
    });
}

/** Triggers that there are, as statements that remove them. */
export async function dropTriggers(access: Access, database: string): Promise<string[]> {
  const found = await rows(
    access,
    `SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ${text(database)};`,
    `listing the triggers of ${database}`,
  );
  return found.map(([name = '']) => `DROP TRIGGER IF EXISTS ${qualified(database, name)};`);
}

/** Gives grants on routines that there are again. */
export async function grantRoutines(
  access: Access,
  database: string,
  grants: readonly string[],
): Promise<void> {
  if (grants.length === 0) return;
  const found = await rows(
    access,
    `SELECT ROUTINE_TYPE, ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ${text(database)};`,
    `listing the routines of ${database}`,
  );
  const there = found.map(([type = '', name = '']) => ` ON ${type} ${qualified(database, name)} TO `);
  const possible = grants.filter((grant) => there.some((routine) => grant.includes(routine)));
  await rows(access, possible.join('\n'), `granting on routines of ${database}`);
}
