import { RewindError } from '../../errors.ts';
import type { DatabaseArtifact, TableCount } from '../engine.ts';
import { CENSUS, TABLES, type DatabaseFacts } from './catalog.ts';
import { countRows, tableName } from './counts.ts';
import { detailsOf } from './details.ts';
import { json, withSession, type Access } from './psql.ts';

const COUNT_BUDGET_MS = 10 * 60_000;
const MOST_DIFFERENCES = 10;

/**
 * Gathers statistics of a loaded database and compares it with what was there when it was dumped. Throws NOT_EQUAL with the
 * first differences.
 */
export async function compareLoaded(access: Access, name: string, artifact: DatabaseArtifact): Promise<void> {
  const before = detailsOf(artifact).objects;
  const { objects, tables } = await json<Pick<DatabaseFacts, 'objects' | 'tables'>>(
    access,
    name,
    `analyze; select jsonb_build_object('objects', ${CENSUS}, 'tables', ${TABLES})`,
    `gathering statistics of ${artifact.key}`,
  );
  const differences = Object.entries(before).flatMap(([kind, count]) =>
    (objects[kind] ?? 0) === count ? [] : [`${kind}: ${objects[kind] ?? 0} instead of ${count}`],
  );
  if (artifact.tables !== null) {
    const wanted = new Set(artifact.tables.map((table) => table.name));
    const counted = await countLoaded(
      access,
      name,
      tables.filter((table) => wanted.has(tableName(table))),
    );
    if (counted === null)
      access.context.onLine(`${artifact.key}: rows were not counted again: it took too long`);
    else differences.push(...rowDifferences(artifact.tables, counted));
  }
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
  tables: DatabaseFacts['tables'],
): Promise<TableCount[] | null> {
  return withSession(access, name, async (session) => {
    await session.ask('begin transaction isolation level repeatable read, read only;');
    return countRows(session, tables, COUNT_BUDGET_MS);
  });
}
