import { jsonAnswer } from '../../docker/answer.ts';
import { RewindError } from '../../errors.ts';
import type { DatabaseArtifact, TableCount } from '../engine.ts';
import type { LoadedFacts } from './after-load.ts';
import { TABLES, type DatabaseFacts } from './catalog.ts';
import { countRows, tableName } from './counts.ts';
import { detailsOf } from './details.ts';
import { withSession, type Access } from './psql.ts';

/** Milliseconds. */
export const COUNT_BUDGET_MS = 10 * 60_000;
const MOST_DIFFERENCES = 10;

/**
 * Compares what was found in a loaded database with what was there when it was dumped. Throws NOT_EQUAL with the first
 * differences. Tables whose rows seem to differ are counted once more before.
 */
export async function compareLoaded(
  access: Access,
  name: string,
  artifact: DatabaseArtifact,
  { objects, rows }: LoadedFacts,
): Promise<void> {
  const differences = Object.entries(detailsOf(artifact).objects).flatMap(([kind, count]) =>
    (objects[kind] ?? 0) === count ? [] : [`${kind}: ${objects[kind] ?? 0} instead of ${count}`],
  );
  const unsure = (artifact.tables ?? []).filter((table) => {
    const found = rows.get(table.name);
    return found !== null && found !== table.rows;
  });
  const again = unsure.length === 0 ? [] : await countLoaded(access, name, unsure);
  if (again === null || [...rows.values()].includes(null))
    access.context.onLine(`${artifact.key}: rows were not counted again: it took too long`);
  if (again !== null) differences.push(...rowDifferences(unsure, again));
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
