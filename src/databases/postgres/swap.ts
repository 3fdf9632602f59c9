import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execScriptArgv } from '../../docker/exec.ts';
import { RewindError } from '../../errors.ts';
import { writeDurably } from '../../plan/durable.ts';
import type { LoadRequest, LoadTarget } from '../engine.ts';
import { ROLES_FILE } from './load.ts';
import { fileName, keptName, loadingName, sessionName } from './names.ts';
import { json, sql, type Access } from './psql.ts';
import { REMOVE_FILES } from './scripts.ts';
import { observeServer } from './server.ts';
import { identifier, literal } from './sql.ts';
import { closeWay, onWay } from './way.ts';

/** A target as it was right before its swap. */
interface SwapRecord {
  database: string;
  /** The numbers of the loaded and the live database; they stay theirs under any name. */
  loaded: number;
  live: number | null;
}

interface Named {
  name: string;
  oid: number;
  open: boolean;
}

const SWAP_FILE = 'swap.json';
const ATTEMPTS = 20;
const POLL_MS = 200;
const SESSIONS_TIMEOUT_MS = 60_000;

/** Takes the loaded databases live, all in one transaction. Clients are disconnected and kept out until it is done. */
export async function swapServer(access: Access, request: LoadRequest): Promise<void> {
  await onWay(access, (own) => swapAll(own, request));
}

async function swapAll(access: Access, request: LoadRequest): Promise<void> {
  const [present, saved] = [await endSessions(access, request.restore), await savedRecords(request)];
  const records = request.targets.map((target) => recordOf(target, request, { present, saved }));
  // Done already, by an attempt that was cut off.
  if (records.every((record) => record === undefined)) return;
  const swaps = records.filter((record) => record !== undefined);
  await writeDurably(join(request.workDirectory, SWAP_FILE), JSON.stringify(swaps));
  const statements = swaps.flatMap(({ database, live }) => [
    ...(live === null ? [] : [rename(database, keptName(database, request.restore))]),
    rename(loadingName(database, request.restore), database),
  ]);
  const live = swaps.filter((swap) => swap.live !== null).map(({ database }) => database);
  const loaded = swaps.map(({ database }) => loadingName(database, request.restore));
  await renameTogether(access, [...live, ...loaded], { closed: live, statements });
}

/** Puts everything back, from wherever load, swap or drop were left. */
export async function unswapServer(access: Access, request: LoadRequest): Promise<void> {
  await onWay(access, (own) => unswapAll(own, request));
  await closeWay(access);
}

async function unswapAll(access: Access, request: LoadRequest): Promise<void> {
  await endSessions(access, request.restore);
  const records = await savedRecords(request);
  for (const target of request.targets) await unswapOne(access, request, target, records);
  await removeRoles(access, request);
  const { directory } = await observeServer(access);
  await removeFiles(access, request.restore, directory);
  await rm(join(request.workDirectory, SWAP_FILE), { force: true });
}

/** Deletes what swap kept. */
export async function dropServer(access: Access, { targets, restore }: LoadRequest): Promise<void> {
  await onWay(access, async (own) => {
    for (const { database } of targets) {
      const statement = `drop database if exists ${identifier(keptName(database, restore))} with (force);`;
      await sql(own, '', statement, `deleting the replaced ${access.server.service}/${database}`);
    }
  });
  const closed = closeWay(access);
  // Where nothing is dropped, nothing has waited for the files either.
  if (targets.some(({ isNew }) => isNew)) await closed;
}

async function unswapOne(
  access: Access,
  request: LoadRequest,
  { database }: LoadTarget,
  records: readonly SwapRecord[],
): Promise<void> {
  const [kept, loading] = [keptName(database, request.restore), loadingName(database, request.restore)];
  const record = records.find((each) => each.database === database);
  const present = await databasesNow(access);
  const holder = present.find(({ name }) => name === database);
  const swappedIn = holder !== undefined && holder.oid === record?.loaded;
  const doing = `putting ${access.server.service}/${database} back`;
  if (present.some(({ name }) => name === kept)) {
    // Whatever has the name now came with the swap; what came in its place afterwards is not lost, but set aside.
    const aside = holder === undefined ? [] : [rename(database, loading)];
    if (holder !== undefined && !swappedIn)
      throw new RewindError('DATABASE_EXISTS', `${doing} failed: there is another database of that name`, {
        hint: `The data as it was is in the database ${kept}`,
      });
    await renameTogether(access, [database, kept], {
      closed: holder === undefined ? [] : [database],
      statements: [...aside, rename(kept, database), allow(database)],
    });
  } else if (record?.live === null && swappedIn) {
    await sql(access, '', `drop database ${identifier(database)} with (force);`, doing);
  } else if (holder !== undefined && holder.oid === record?.live && !holder.open) {
    await sql(access, '', allow(database), doing);
  }
  await sql(access, '', `drop database if exists ${identifier(loading)} with (force);`, doing);
}

/** Undefined where the swap of this target is done. Throws where what was loaded is gone. */
function recordOf(
  { database, isNew }: LoadTarget,
  { restore }: LoadRequest,
  { present, saved }: { present: readonly Named[]; saved: readonly SwapRecord[] },
): SwapRecord | undefined {
  const find = (name: string): Named | undefined => present.find((each) => each.name === name);
  const [loaded, live] = [find(loadingName(database, restore)), find(database)];
  if (live !== undefined && saved.some((each) => each.database === database && each.loaded === live.oid))
    return undefined;
  if (loaded === undefined) throw new RewindError('NOT_LOADED', `what was loaded for ${database} is gone`);
  if (isNew && live !== undefined)
    throw new RewindError('DATABASE_EXISTS', `there is a database "${database}" by now`, { exit: 'refused' });
  return { database, loaded: loaded.oid, live: live?.oid ?? null };
}

const rename = (from: string, to: string): string =>
  `alter database ${identifier(from)} rename to ${identifier(to)};`;
const allow = (database: string): string =>
  `alter database ${identifier(database)} with allow_connections true;`;

const DATABASES_NOW =
  "(select coalesce(jsonb_agg(jsonb_build_object('name', datname, 'oid', oid::int8, 'open', datallowconn)), '[]') from pg_database)";

async function databasesNow(access: Access): Promise<Named[]> {
  return json<Named[]>(access, '', `select ${DATABASES_NOW}`, 'looking at the databases');
}

/**
 * Lets nobody into the `closed` ones any more, superusers neither; disconnects everybody and renames in one transaction; again
 * while somebody is slow to leave.
 */
async function renameTogether(
  access: Access,
  databases: readonly string[],
  { closed, statements }: { closed: readonly string[]; statements: readonly string[] },
): Promise<void> {
  const names = databases.map(literal).join(', ');
  const text = [
    ...closed.map((name) => `alter database ${identifier(name)} with allow_connections false;`),
    `select count(pg_terminate_backend(pid)) from pg_stat_activity where datname in (${names}) and pid <> pg_backend_pid();`,
    'begin;',
    ...statements,
    'commit;',
  ].join('\n');
  for (let attempt = 1; ; attempt++) {
    try {
      await sql(access, baseFor(databases), text, 'swapping the databases');
      return;
    } catch (error) {
      const busy = error instanceof RewindError && /being accessed by other users/.test(error.message);
      if (!busy || attempt === ATTEMPTS || access.context.signal.aborted) throw error;
    }
  }
}

/** A database to work from that is none of those which are renamed; '' for the usual one. */
function baseFor(databases: readonly string[]): string {
  return databases.includes('postgres') ? 'template1' : '';
}

/** Ends what a killed command left at work in the server, waits until it is gone, and says which databases there are then. */
async function endSessions(access: Access, restore: string): Promise<Named[]> {
  const condition = `application_name = ${literal(sessionName(restore))} and pid <> pg_backend_pid()`;
  const ended = `(select count(pg_terminate_backend(pid)) from pg_stat_activity where ${condition})`;
  const query = `select jsonb_build_object('ended', ${ended}, 'databases', ${DATABASES_NOW})`;
  const begun = performance.now();
  for (;;) {
    const now = await json<{ ended: number; databases: Named[] }>(access, '', query, 'ending sessions');
    if (now.ended === 0) return now.databases;
    if (performance.now() - begun > SESSIONS_TIMEOUT_MS)
      throw new RewindError('STILL_BUSY', `${access.server.service}: sessions of the restore do not end`);
    await delay(POLL_MS);
  }
}

/** Roles that load made. One that owns something by now was used by somebody else, and stays. */
async function removeRoles(access: Access, request: LoadRequest): Promise<void> {
  const text = await readFile(join(request.workDirectory, ROLES_FILE), 'utf8').catch(() => undefined);
  if (text === undefined) return;
  for (const role of (JSON.parse(text) as string[]).toReversed()) {
    await sql(access, '', `drop role if exists ${identifier(role)};`, `removing the role ${role}`).catch(
      (error: Error) => access.context.onLine(`${error.message}; it stays`),
    );
  }
  await rm(join(request.workDirectory, ROLES_FILE), { force: true });
}

async function removeFiles(access: Access, restore: string, directory: string | null): Promise<void> {
  const { runner } = access.context;
  await runner.run(
    execScriptArgv(access.server.container, REMOVE_FILES, [fileName(restore), directory ?? '/tmp']),
  );
}

async function savedRecords({ workDirectory }: LoadRequest): Promise<SwapRecord[]> {
  const text = await readFile(join(workDirectory, SWAP_FILE), 'utf8').catch(() => undefined);
  return text === undefined ? [] : (JSON.parse(text) as SwapRecord[]);
}
