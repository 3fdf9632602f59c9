import { answerLines, jsonAnswer } from '../../docker/answer.ts';
import { execScriptArgv } from '../../docker/exec.ts';
import { SERVER_FACTS } from './catalog.ts';
import { containerFacts, type ContainerFacts } from './container-facts.ts';
import { failure } from './failure.ts';
import type { IndexSettings } from './load-settings.ts';
import { accessArgs, SETTINGS, type Access } from './psql.ts';
import { LOOK } from './scripts.ts';
import type { PostgresState } from './server.ts';

/** What a restore has to know of the server and its container. */
export interface StateBefore extends PostgresState {
  roles: string[];
  tablespaces: string[];
  /** What keeps databases from being put aside. */
  held: { database: string; by: string }[];
  /** Bytes that are free where the server keeps its data; 0 where it does not say. */
  free: number;
  indexes: IndexSettings;
  container: ContainerFacts;
}

const QUERY = `${SERVER_FACTS} || jsonb_build_object(
  'roles', (select jsonb_agg(rolname) from pg_roles),
  'tablespaces', (select jsonb_agg(spcname) from pg_tablespace),
  'indexes', jsonb_build_object('workMem', pg_size_bytes(current_setting('maintenance_work_mem')),
    'workers', current_setting('max_parallel_maintenance_workers')::int),
  'held', (select coalesce(jsonb_agg(jsonb_build_object('database', d, 'by', b)), '[]') from (
    select database::text d, 'the replication slot ' || slot_name b from pg_replication_slots where database is not null
    union all select database::text, 'the prepared transaction ' || gid from pg_prepared_xacts
    union all select d.datname::text, 'the subscription ' || subname from pg_subscription s join pg_database d on d.oid = s.subdbid
  ) held));
select case when pg_has_role('pg_read_all_settings', 'usage') then current_setting('data_directory') else '-' end;`;

const DOING = 'looking at the server';

/** Whoever plans a restore has just asked: what he was told is good for so many milliseconds. */
const GOOD_FOR_MS = 5000;
const known = new Map<string, { at: number; state: StateBefore }>();

/** Looks at a server, or takes what `look` found a moment ago. */
export async function recentLook(access: Access): Promise<StateBefore> {
  const found = known.get(access.server.container);
  return found !== undefined && performance.now() - found.at < GOOD_FOR_MS ? found.state : look(access);
}

/** Looks at a server. */
export async function look(access: Access): Promise<StateBefore> {
  const { server, context } = access;
  const at = performance.now();
  const result = await context.runner.run(
    execScriptArgv(server.container, LOOK, [...accessArgs(access, ''), `${SETTINGS}${QUERY}`]),
    { signal: context.signal },
  );
  if (result.exitCode !== 0) throw failure(server, result, DOING);
  const [facts = '', , free, own, ...places] = answerLines(result.stdout, DOING);
  const container = containerFacts(own ?? '', places);
  const state = { ...jsonAnswer<StateBefore>(facts, DOING), free: Number(free), container };
  known.set(server.container, { at, state });
  return state;
}
