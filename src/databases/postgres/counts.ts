import type { TableCount } from '../engine.ts';
import type { DatabaseFacts } from './catalog.ts';
import type { Session } from './psql.ts';
import { identifier } from './sql.ts';

type Table = DatabaseFacts['tables'][number];

/** Tables that are counted in one statement. */
const AT_ONCE = 40;

/**
 * Counts the rows of tables in a session's own snapshot. Null where that takes longer than `budgetMs`, or cannot be done;
 * the session's transaction goes on all the same.
 */
export async function countRows(
  session: Session,
  tables: readonly Table[],
  budgetMs: number,
): Promise<TableCount[] | null> {
  const deadline = performance.now() + budgetMs;
  const counted: TableCount[] = [];
  for (let at = 0; at < tables.length; at += AT_ONCE) {
    const left = Math.floor(deadline - performance.now());
    if (left <= 0) return null;
    const group = tables.slice(at, at + AT_ONCE);
    const answer = await session.ask(
      `savepoint counting; set local statement_timeout to ${left}; set local lock_timeout to 1000; set local jit to off; ${group.map(countOf).join(' union all ')} order by 1;`,
    );
    await session.ask('rollback to savepoint counting;');
    if (answer?.length !== group.length) return null;
    for (const [index, line] of answer.entries()) {
      const table = group[index];
      const rows = Number(line.split('|')[1]);
      if (table === undefined || !Number.isSafeInteger(rows)) return null;
      counted.push({ name: tableName(table), rows });
    }
  }
  return counted;
}

/** `public.orders`, for people and for comparison. */
export const tableName = ({ schema, name }: Table): string => `${schema}.${name}`;

const countOf = ({ schema, name }: Table, index: number): string =>
  `select ${index}, count(*) from only ${identifier(schema)}.${identifier(name)}`;
