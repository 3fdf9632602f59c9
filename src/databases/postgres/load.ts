import { join } from 'node:path';
import { bytesText } from '../../bytes-text.ts';
import { RewindError } from '../../errors.ts';
import { writeDurably } from '../../plan/durable.ts';
import type { DatabaseArtifact, LoadRequest, LoadTarget } from '../engine.ts';
import { compareLoaded } from './compare.ts';
import type { ContainerFacts } from './container-facts.ts';
import { detailsOf } from './details.ts';
import { missingGlobals } from './globals.ts';
import { ON_DISK, type IndexSettings } from './load-settings.ts';
import { recentLook, type StateBefore } from './look.ts';
import { loadingName } from './names.ts';
import { applyProperties, createDatabase, type Available } from './properties.ts';
import { sql, type Access } from './psql.ts';
import { isTimescale, runRestore } from './run-restore.ts';
import { majorOf } from './server.ts';
import { checkpoint, openWay } from './way.ts';

/** Room that is left to the server itself: some segments of its log. */
const RESERVE = 64 * 1024 * 1024;

/** The roles that a restore makes: unswap removes them. */
export const ROLES_FILE = 'roles.json';

/** Loads all targets beside the live databases, globals first, and compares each with what was dumped. */
export async function loadServer(access: Access, request: LoadRequest): Promise<void> {
  const state = await recentLook(access);
  requireRoom(access, state, request);
  requireMovable(access, state, request);
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
  const timescale = isTimescale(extensions);
  if (timescale) {
    await sql(access, '', create, doing);
    create = '';
    const before =
      'create extension if not exists timescaledb with schema public; select public.timescaledb_pre_restore();';
    await sql(access, name, before, doing);
  }
  const known = (tablespace: string): boolean => loading.available.tablespaces.has(tablespace);
  const facts = await runRestore(access, request, {
    target: loading.target,
    name,
    create,
    flags: tablespaces.every(known) ? [] : ['--no-tablespaces'],
    indexes: loading.indexes,
    container: loading.container,
    // For the swap and what comes after it: by then it is open.
    onBegun: () => openWay(access),
    onLoaded: async () => {
      // Dropping the replaced database waits for the files, and they are written while the loaded one is compared and swapped.
      void checkpoint(access);
      if (timescale) await sql(access, name, 'select public.timescaledb_post_restore();', doing);
    },
    // Also where the server dies before it is swapped, all of it is there.
    end: `${ON_DISK}\n${applyProperties(name, properties, loading.available)}`,
  });
  await compareLoaded(access, name, artifact, facts);
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
function requireMovable(access: Access, state: StateBefore, { targets }: LoadRequest): void {
  const held = state.held.filter((each) => targets.some(({ database }) => database === each.database));
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
