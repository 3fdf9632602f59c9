import { RewindError } from '../../errors.ts';
import type { DatabaseArtifact, TableCount } from '../engine.ts';
import { CENSUS, type ObjectCensus } from './catalog.ts';
import { countRows, tableName } from './counts.ts';
import { json, withSession, type Access } from './psql.ts';

const COUNT_BUDGET_MS = 10 * 60_000;
const MOST_DIFFERENCES = 10;

/** Compares a loaded database with what was there when it was dumped. Throws NOT_EQUAL with the first differences. */
export async function compareLoaded(access: Access, name: string, artifact: DatabaseArtifact): Promise<void> {
  const before = artifact.details['objects'] as ObjectCensus | undefined;
  const now = await json<ObjectCensus>(access, name, `select ${CENSUS}`, 'counting objects');
  const differences = Object.entries(before ?? {}).flatMap(([kind, count]) =>
    (now[kind] ?? 0) === count ? [] : [`${kind}: ${now[kind] ?? 0} instead of ${count}`],
  );
  if (artifact.tables !== null) {
    const counted = await countLoaded(access, name, artifact.tables);
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
  tables: readonly TableCount[],
): Promise<TableCount[] | null> {
  // The names of the dump are joined from two parts, which may both hold dots: they are found again in the catalog.
  const query = `select coalesce(jsonb_agg(jsonb_build_object('schema', n.nspname, 'name', c.relname)), '[]')
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r'`;
  const wanted = new Set(tables.map((table) => table.name));
  const all = await json<{ schema: string; name: string }[]>(access, name, query, 'looking for tables');
  return withSession(access, name, async (session) => {
    await session.ask('begin transaction isolation level repeatable read, read only;');
    return countRows(
      session,
      all.filter((table) => wanted.has(tableName(table))),
      COUNT_BUDGET_MS,
    );
  });
}
