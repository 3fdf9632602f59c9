import { jsonAnswer } from '../../docker/answer.ts';
import { RewindError } from '../../errors.ts';
import type { DatabaseArtifact, LoadTarget, TableCount } from '../engine.ts';
import { CENSUS, TABLES, type DatabaseFacts } from './catalog.ts';
import { countRows, tableName } from './counts.ts';
import { detailsOf } from './details.ts';
import { json, sql, together, withSession, type Access } from './psql.ts';

const COUNT_BUDGET_MS = 10 * 60_000;
const MOST_DIFFERENCES = 10;

/**
 * Gathers statistics of a loaded database, completes it (`properties`) and compares it with what was there when it was dumped.
 * Throws NOT_EQUAL with the first differences.
 *
 * Meanwhile the server brings its files up to date. What was loaded is in the log on the disk by then, so that nothing
 * that replaces live data can be lost; but dropping the replaced database waits for these files, and they are written
 * while it is compared and swapped.
 */
export async function compareLoaded(
  access: Access,
  name: string,
  { artifact, isNew }: LoadTarget,
  properties: string,
): Promise<void> {
  // Under another name than the sessions that a swap ends. Where we may not ask for it now, dropping waits longer.
  const own: Access = { ...access, session: 'docker-rewind checkpoint' };
  const writing = sql(own, '', 'checkpoint;', 'writing files').catch(() => undefined);
  try {
    await compare(access, name, artifact, properties);
  } catch (error) {
    await writing;
    throw error;
  }
  // Nothing is dropped then.
  if (isNew) await writing;
}

async function compare(
  access: Access,
  name: string,
  artifact: DatabaseArtifact,
  properties: string,
): Promise<void> {
  const doing = `gathering statistics of ${artifact.key}`;
  const { tables } = artifact;
  let objects: DatabaseFacts['objects'] = {};
  let counted: TableCount[] | null = null;
  await together(access, [
    async (own) => {
      const text = `analyze; select ${CENSUS}; ${properties}`;
      objects = await json<DatabaseFacts['objects']>(own, name, text, doing);
    },
    async (own) => {
      if (tables !== null) counted = await countLoaded(own, name, tables);
    },
  ]);
  const differences = Object.entries(detailsOf(artifact).objects).flatMap(([kind, count]) =>
    (objects[kind] ?? 0) === count ? [] : [`${kind}: ${objects[kind] ?? 0} instead of ${count}`],
  );
  if (tables !== null && counted === null)
    access.context.onLine(`${artifact.key}: rows were not counted again: it took too long`);
  if (tables !== null && counted !== null) differences.push(...rowDifferences(tables, counted));
  if (differences.length === 0) return;
  throw new RewindError('NOT_EQUAL', `${artifact.key} as loaded is not what was dumped`, {
    details: differences.slice(0, MOST_DIFFERENCES),
    hint: 'docker rewind list shows the other restore points',
  });
}

function rowDifferences(before: readonly TableCount[], now: readonly TableCount[]): string[] {
  const rows = new Map(now.map((table) => [table.name, table.rows]));
  return before.flatMap((table) => {
    const found = rows.get(table.name);
    if (found === table.rows) return [];
    return [
      found === undefined
        ? `${table.name} is missing`
        : `${table.name}: ${found} rows instead of ${table.rows}`,
    ];
  });
}

/** Null where it takes too long: that alone is no reason to refuse a restore. */
async function countLoaded(
  access: Access,
  name: string,
  wanted: readonly TableCount[],
): Promise<TableCount[] | null> {
  const names = new Set(wanted.map((table) => table.name));
  return withSession(access, name, async (session) => {
    await session.ask('begin transaction isolation level repeatable read, read only;');
    const answer = await session.ask(`select ${TABLES};`.replaceAll(/\s*\n\s*/g, ' '));
    const tables = jsonAnswer<DatabaseFacts['tables']>(answer?.join('\n') ?? '', `the tables of ${name}`);
    return countRows(
      session,
      tables.filter((table) => names.has(tableName(table))),
      COUNT_BUDGET_MS,
    );
  });
}
