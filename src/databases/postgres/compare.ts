import { jsonAnswer } from '../../docker/answer.ts';
import { RewindError } from '../../errors.ts';
import type { DatabaseArtifact, TableCount } from '../engine.ts';
import { CENSUS, TABLES, type DatabaseFacts } from './catalog.ts';
import { countRows, tableName } from './counts.ts';
import { detailsOf } from './details.ts';
import { json, sql, together, withSession, type Access } from './psql.ts';

const COUNT_BUDGET_MS = 10 * 60_000;
const MOST_DIFFERENCES = 10;

/**
 * Gathers statistics of a loaded database, completes it (`properties`) and compares it with what was there when it was dumped.
 * Meanwhile the server writes it to its disk, so that nothing replaces live data before it is safe. Throws NOT_EQUAL with
 * the first differences.
 */
export async function compareLoaded(
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
    async (own) => {
      // Dropping the replaced database waits for the same; where we may not ask for it now it waits longer.
      await sql(own, '', 'checkpoint;', doing).catch(() => undefined);
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
