import { join } from 'node:path';
import { bytesText } from '../../bytes-text.ts';
import { answerLines, jsonAnswer } from '../../docker/answer.ts';
import { execScriptArgv } from '../../docker/exec.ts';
import { RewindError } from '../../errors.ts';
import { writeDurably } from '../../plan/durable.ts';
import type { DatabaseArtifact, LoadRequest, LoadTarget } from '../engine.ts';
import { SERVER_FACTS } from './catalog.ts';
import { compareLoaded } from './compare.ts';
import { containerFacts, type ContainerFacts } from './container-facts.ts';
import { detailsOf } from './details.ts';
import { failure } from './failure.ts';
import { missingGlobals } from './globals.ts';
import type { IndexSettings } from './load-settings.ts';
import { loadingName } from './names.ts';
import { applyProperties, createDatabase, type Available } from './properties.ts';
import { accessArgs, SETTINGS, sql, type Access } from './psql.ts';
import { runRestore } from './run-restore.ts';
import { LOOK } from './scripts.ts';
import { majorOf, type PostgresState } from './server.ts';
import { literal } from './sql.ts';

/** Room that is left to the server itself: some segments of its log. */
const RESERVE = 64 * 1024 * 1024;

/** The roles that a restore makes: unswap removes them. */
export const ROLES_FILE = 'roles.json';

/** Loads all targets beside the live databases, globals first, and compares each with what was dumped. */
export async function loadServer(access: Access, request: LoadRequest): Promise<void> {
  const state = await lookBefore(access, request);
  requireRoom(access, state, request);
  requireMovable(access, state);
  const made = await restoreGlobals(access, request, new Set(state.roles));
  const available: Available = {
    major: majorOf(state.version),
    roles: new Set([...state.roles, ...made]),
    tablespaces: new Set(state.tablespaces),
  };
  for (const target of request.targets) {
    if (target.isNew && state.databases.some(({ name }) => name === target.database))
      throw new RewindError('DATABASE_EXISTS', `there is a database "${target.database}" already`, {
        exit: 'refused',
      });
    const { indexes, container } = state;
    await loadDatabase(access, request, { target, available, indexes, container });
  }
}

/** What a load has to know of the server. */
interface StateBefore extends PostgresState {
  roles: string[];
  tablespaces: string[];
  /** What keeps databases from being put aside. */
  held: { database: string; by: string }[];
  /** Bytes that are free where the server keeps its data; 0 where it does not say. */
  free: number;
  indexes: IndexSettings;
  container: ContainerFacts;
}

async function lookBefore(access: Access, request: LoadRequest): Promise<StateBefore> {
  const { server, context } = access;
  const names = request.targets.map(({ database }) => literal(database)).join(', ');
  const doing = 'looking at the server';
  const query = `${SERVER_FACTS} || jsonb_build_object(
      'roles', (select jsonb_agg(rolname) from pg_roles),
      'tablespaces', (select jsonb_agg(spcname) from pg_tablespace),
      'indexes', jsonb_build_object('workMem', pg_size_bytes(current_setting('maintenance_work_mem')),
        'workers', current_setting('max_parallel_maintenance_workers')::int),
      'held', (select coalesce(jsonb_agg(jsonb_build_object('database', d, 'by', b)), '[]') from (
        select database::text d, 'the replication slot ' || slot_name b from pg_replication_slots where database::text in (${names})
        union all select database::text, 'the prepared transaction ' || gid from pg_prepared_xacts where database::text in (${names})
        union all select d.datname::text, 'the subscription ' || subname from pg_subscription s join pg_database d on d.oid = s.subdbid
          where d.datname::text in (${names})) held))`;
  const result = await context.runner.run(
    execScriptArgv(server.container, LOOK, [...accessArgs(access, ''), `${SETTINGS}${query}`]),
    { signal: context.signal },
  );
  if (result.exitCode !== 0) throw failure(server, result, doing);
  const [facts = '', free, own, ...places] = answerLines(result.stdout, doing);
  const container = containerFacts(own ?? '', places);
  return { ...jsonAnswer<StateBefore>(facts, doing), free: Number(free), container };
}

interface Loading {
  target: LoadTarget;
  available: Available;
  indexes: IndexSettings;
  container: ContainerFacts;
}

async function loadDatabase(access: Access, request: LoadRequest, loading: Loading): Promise<void> {
  const { artifact, database } = loading.target;
  const { service } = access.server;
  const name = loadingName(database, request.restore);
  const { properties, extensions, tablespaces } = detailsOf(artifact);
  const doing = `loading ${service}/${database}`;
  let create = createDatabase(name, properties, loading.available);
  const timescale = extensions.includes('timescaledb');
  if (timescale) {
    await sql(access, '', create, doing);
    create = '';
    const before = 'create extension if not exists timescaledb; select public.timescaledb_pre_restore();';
    await sql(access, name, before, doing);
  }
  const known = (tablespace: string): boolean => loading.available.tablespaces.has(tablespace);
  await runRestore(access, request, {
    target: loading.target,
    name,
    create,
    flags: tablespaces.every(known) ? [] : ['--no-tablespaces'],
    indexes: loading.indexes,
    container: loading.container,
    oneJob: timescale,
  });
  if (timescale) await sql(access, name, 'select public.timescaledb_post_restore();', doing);
  await compareLoaded(access, name, loading.target, applyProperties(name, properties, loading.available));
}

/** Makes the roles that are missing, all or none, and returns them. What is made is written down before. */
async function restoreGlobals(
  access: Access,
  request: LoadRequest,
  present: ReadonlySet<string>,
): Promise<string[]> {
  const globals = request.targets.find(({ artifact }) => artifact.globals !== null)?.artifact.globals;
  if (globals === null || globals === undefined) return [];
  const chunks: Uint8Array[] = [];
  for await (const chunk of await request.read(globals)) chunks.push(chunk as Uint8Array);
  const missing = missingGlobals(Buffer.concat(chunks).toString('utf8'), present);
  if (missing.roles.length === 0) return [];
  await writeDurably(join(request.workDirectory, ROLES_FILE), JSON.stringify(missing.roles));
  const statements = ['begin', ...missing.statements, 'commit']
    .map((statement) => `${statement};`)
    .join('\n');
  await sql(access, '', statements, `making the roles ${missing.roles.join(', ')}`);
  access.context.onLine(`made roles that were missing: ${missing.roles.join(', ')}`);
  return missing.roles;
}

/**
 * The loaded databases lie beside the live ones, and loading writes as much to the log, up to its limit: a log that cannot
 * be written takes the whole server down, so there has to be room for it. Where the server does not say how much is free,
 * the restore fails by itself.
 */
function requireRoom({ server }: Access, { free, walBytes }: StateBefore, request: LoadRequest): void {
  const data = request.targets.reduce((sum, { artifact }) => sum + artifact.serverBytes, 0);
  const need = data + Math.min(data, walBytes) + RESERVE;
  if (!(free > 0) || free > need) return;
  throw new RewindError(
    'NO_SPACE',
    `${server.service} has too little space for a second copy: ${bytesText(need)} are needed, ${bytesText(free)} are free`,
    { exit: 'refused', hint: 'Free some space on the disk of its data: docker system df' },
  );
}

/** A database that replicates, or in which a transaction is prepared, cannot be put aside by renaming. */
function requireMovable(access: Access, { held }: StateBefore): void {
  const [first] = held;
  if (first === undefined) return;
  throw new RewindError(
    'HELD_DATABASE',
    `${access.server.service}/${first.database} cannot be replaced: ${first.by} belongs to it`,
    {
      exit: 'refused',
      details: held.map(({ database, by }) => `${database}: ${by}`),
      hint: 'End it first, or restore beside it with --to-database',
    },
  );
}

/** What people should know before a dump goes into a server of another version. Throws OLDER_SERVER (exit 4). */
export function adviseLoad(artifact: DatabaseArtifact, serverVersion: string): string[] {
  detailsOf(artifact);
  const [from, to] = [majorOf(artifact.version), majorOf(serverVersion)];
  if (from > to) {
    throw new RewindError(
      'OLDER_SERVER',
      `${artifact.key} was dumped by PostgreSQL ${artifact.version}, and the server is ${serverVersion}: an older one cannot load it`,
      { exit: 'refused', hint: `Run an image of PostgreSQL ${from} or newer` },
    );
  }
  if (from === to) return [];
  return [
    `it was dumped by PostgreSQL ${from} and is loaded by PostgreSQL ${to}'s own pg_restore: the data is converted, statistics are gathered anew; what ${to} does not know any more ends the restore before anything changes`,
  ];
}
