import { jsonAnswer } from '../../docker/answer.ts';
import { CENSUS, USERS_TABLE, type DatabaseFacts } from './catalog.ts';
import { tableName } from './counts.ts';
import { SETTINGS } from './psql.ts';

/** What was found out of a loaded database right after its load. */
export interface LoadedFacts {
  objects: DatabaseFacts['objects'];
  /** Rows by `schema.table`; null where there was no time to count them. Tables that could not be counted are missing. */
  rows: Map<string, number | null>;
}

/** A line that FACTS or `counts` prints. */
interface Line {
  objects?: DatabaseFacts['objects'];
  tables?: { schema: string; name: string; rows: number | null }[];
}

/**
 * Whoever makes an index reads the whole table and notes how many rows it has (`reltuples`): a table with an index has been
 * counted already. The number is kept as a float of four bytes, exact up to 2^24; 0 or less may mean that it is not known.
 */
const COUNTED = `(o.reltuples > 0 and o.reltuples < 16777216 and exists (
  select from pg_index i where i.indrelid = o.oid and i.indisvalid))`;

/** Objects, and the rows of the tables that are counted already. One line; to be asked before statistics are gathered. */
export const FACTS = `${SETTINGS}
select jsonb_build_object('objects', ${CENSUS}, 'tables', (
  select coalesce(jsonb_agg(jsonb_build_object('schema', n.nspname, 'name', o.relname, 'rows', o.reltuples::int8)), '[]')
  from pg_class o join pg_namespace n on n.oid = o.relnamespace where ${USERS_TABLE} and ${COUNTED}));`;

/**
 * Gathers statistics of what falls to `part` of `parts`; all parts together do what ANALYZE does. The largest tables
 * are dealt out in turn. Partitions come with the table that they are a part of; since PostgreSQL 18 children do so, too.
 */
export const ANALYZE = `${SETTINGS}
select format('analyze %s', string_agg(format('%s%I.%I', alone, schema, name), ', ' order by place)) from (
  select schema, name, alone, row_number() over (order by pages desc, schema, name) - 1 as place from (
    select n.nspname as schema, o.relname as name,
      case when o.relkind = 'r' and current_setting('server_version_num')::int >= 180000
        and exists (select from pg_inherits i where i.inhparent = o.oid) then 'only ' else '' end as alone,
      case when o.relkind = 'p' then (select coalesce(sum(p.relpages), 0) from pg_partition_tree(o.oid) t
        join pg_class p on p.oid = t.relid) else o.relpages end as pages
    from pg_class o join pg_namespace n on n.oid = o.relnamespace
    where o.relkind in ('r', 'm', 'p') and not o.relispartition and o.relpersistence <> 't') sized) placed
where case when place / :parts % 2 = 0 then place % :parts else :parts - 1 - place % :parts end = :part
having count(*) > 0 \\gexec`;

/** Counts the tables that are not counted already, while there is time for it. A line each. */
export const counts = (budgetMs: number): string => `${SETTINGS}
set jit to off;
set statement_timeout to ${budgetMs};
select format('select jsonb_build_object(%L, jsonb_build_array(jsonb_build_object(%L, %L, %L, %L, %L,
    case when clock_timestamp() < %L::timestamptz then (select count(*) from only %I.%I) end)))',
  'tables', 'schema', n.nspname, 'name', o.relname, 'rows', clock_timestamp() + interval '${budgetMs} ms', n.nspname, o.relname)
from pg_class o join pg_namespace n on n.oid = o.relnamespace
where ${USERS_TABLE} and not ${COUNTED} order by n.nspname, o.relname \\gexec`;

/** Reads what FACTS and `counts` have printed. Throws BAD_ANSWER where that is cut off. */
export function loadedFacts(lines: readonly string[], doing: string): LoadedFacts {
  const answers = lines.map((line) => jsonAnswer<Line>(line, doing));
  const objects = answers.find((answer) => answer.objects !== undefined)?.objects;
  const tables = answers.flatMap((answer) => answer.tables ?? []);
  return {
    objects: objects ?? jsonAnswer('', doing),
    rows: new Map(tables.map((table) => [tableName(table), table.rows])),
  };
}
