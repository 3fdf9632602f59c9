import { RewindError } from '../../errors.ts';
import { json, type Access } from './psql.ts';

interface Blocker {
  pid: number;
  user: string;
  state: string;
  seconds: number;
  tables: string[];
}

const BLOCKERS = `
select coalesce(jsonb_agg(b order by b->'seconds' desc), '[]') from (
  select jsonb_build_object('pid', a.pid, 'user', a.usename, 'state', a.state,
    'seconds', round(extract(epoch from now() - a.xact_start)),
    'tables', jsonb_agg(l.relation::regclass::text order by 1)) b
  from pg_locks l join pg_stat_activity a on a.pid = l.pid
  where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock' and l.granted
    and l.database = (select oid from pg_database where datname = current_database())
    and a.application_name not like 'docker-rewind%'
  group by a.pid, a.usename, a.state, a.xact_start) blockers`;

/** Says who holds the tables that a dump waited for. What those sessions run is theirs: it may hold secrets. */
export async function lockedBy(access: Access, database: string, waitedMs: number): Promise<RewindError> {
  const { service } = access.server;
  const blockers = await json<Blocker[]>(access, database, BLOCKERS, 'looking for locks').catch(() => []);
  const [first] = blockers;
  return new RewindError(
    'LOCKED_TABLE',
    `${service}/${database}: a table was locked for longer than ${waitedMs / 1000} s${first === undefined ? '' : `: ${first.tables.join(', ')}`}`,
    {
      details: blockers.map(
        ({ pid, user, state, seconds, tables }) =>
          `process ${pid} of ${user} (${state}, its transaction is ${seconds} s old) holds ${tables.join(', ')}`,
      ),
      hint:
        first === undefined
          ? 'Try again when the migration or whatever locked it is done'
          : `Wait for its end, or end it: docker compose exec ${service} psql -U POSTGRES_USER -c 'select pg_terminate_backend(${first.pid})'`,
    },
  );
}
