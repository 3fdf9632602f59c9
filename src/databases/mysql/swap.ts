import { createZstdDecompress } from 'node:zlib';
import { pipeline } from 'node:stream';
import { RewindError } from '../../errors.ts';
import { writeDurably } from '../../plan/durable.ts';
import type { EngineContext, LoadRequest, LoadTarget, Server } from '../engine.ts';
import { dropStatements, listAccounts, parseAccounts, routineGrants, type Account } from './accounts.ts';
import { listDatabases, serverVersion, tableNames, tablesOf } from './catalog.ts';
import { endSessions, rows, withClient, type Access } from './client.ts';
import { detailsOf } from './details.ts';
import {
  isChanging,
  isDropping,
  livePrograms,
  noteChanging,
  noteDropping,
  readLiveNote,
  readServerNote,
  restoredPrograms,
  writeLiveNote,
  writeServerNote,
  type LiveNote,
} from './files.ts';
import { exists, refuseForeignKeys, requireFree } from './guards.ts';
import { endingOthers, namingOthers } from './in-the-way.ts';
import { keptName, loadingName, lockName, quoted } from './names.ts';
import { dumpPrograms, grantRoutines, replacePrograms } from './programs.ts';
import { missingAccounts } from './missing-accounts.ts';
import { movesBack, movesForward, type Move, type Places } from './moves.ts';
import { renameTogether } from './rename.ts';
import { defaultsOfSequences } from './sequences.ts';

/** What our sessions of a restore can be at. */
const AT_WORK = ['change', 'load', 'swap', 'rename', 'programs'] as const;

/** Puts what was loaded in the place of the live databases: all tables in one statement, then what belongs to them. */
export async function swapServer(
  server: Server,
  request: LoadRequest,
  context: EngineContext,
): Promise<void> {
  await begin({ server, context, patience: 60 }, request, (access) => swapAll(access, request));
}

async function swapAll(access: Access, request: LoadRequest): Promise<void> {
  const { server, context } = access;
  if ((await notedTargets(request)).length === 0) {
    for (const target of request.targets) await requireFree(access, target);
    await refuseForeignKeys(access, request);
  }
  const accounts = await noteAccounts(access, request);
  for (const target of request.targets) await noteLive(access, request, target);
  for (const target of request.targets) await makePlaces(access, request, target);

  const moves: Move[] = [];
  for (const target of request.targets) moves.push(...movesForward(await placesOf(access, request, target)));
  const locked = (): Promise<void> => noteChanging(request);
  await namingOthers(access, databasesOf(request), () =>
    renameTogether(access, request.restore, { moves, patience: 10, locked }),
  );
  await locked();

  // Whoever is to define or use a view or routine comes before it, and what he may do with it after it.
  await rows(
    access,
    accounts.flatMap(({ create }) => create.map((each) => `${each};`)).join('\n'),
    'making missing users',
  );
  for (const target of request.targets) await finishDatabase(access, request, target);
  await grantEach(access, accounts);
  for (const { user, host, role } of accounts)
    context.onLine(
      `${server.service}: ${role ? 'the role' : 'the user'} ${role ? user : `${user}@${host}`} was missing and is there again, with its grants of then`,
    );
}

/** What is granted on something that is gone by now is said, and left out. */
async function grantEach(access: Access, accounts: readonly Account[]): Promise<void> {
  for (const grant of accounts.flatMap(({ grants }) => grants)) {
    await rows(access, `${grant};`, 'granting to missing users').catch((error: unknown) => {
      if (!(error instanceof RewindError) || !/ERROR 1(?:305|146|141|403|347|049)/.test(error.message))
        throw error;
      access.context.onLine(`${access.server.service}: left out, since what it is about is gone: ${grant}`);
    });
  }
}

/** All databases that a restore has to do with. */
const databasesOf = (request: LoadRequest): string[] =>
  request.targets.flatMap(({ artifact, database }) => [
    database,
    loadingName(artifact.database, request.restore),
    keptName(database, request.restore),
  ]);

/** Waits for the server, ends what an earlier run that was killed has left at work in it, and does some work then. */
async function begin(
  { server, context, patience }: Access,
  request: LoadRequest,
  work: (access: Access) => Promise<void>,
): Promise<void> {
  await serverVersion({ server, context, patience });
  const locks = AT_WORK.map((kind) => lockName(request.restore, kind));
  await withClient({ server, context, patience }, async (access) => {
    await endSessions(access, locks);
    await work({ ...access, lock: lockName(request.restore, 'change') });
  });
}

async function notedTargets(request: LoadRequest): Promise<LoadTarget[]> {
  const noted: LoadTarget[] = [];
  for (const target of request.targets)
    if ((await readLiveNote(request, target.database)) !== undefined) noted.push(target);
  return noted;
}

/** The missing users and roles of the dump; noted before they are made. */
async function noteAccounts(access: Access, request: LoadRequest): Promise<Account[]> {
  const globals = request.targets.find(({ isNew, artifact }) => !isNew && artifact.globals !== null)?.artifact
    .globals;
  if (globals === undefined || globals === null) return [];
  const unpacked = createZstdDecompress();
  pipeline(await request.read(globals), unpacked, () => {});
  const chunks: Uint8Array[] = [];
  for await (const chunk of unpacked) chunks.push(chunk as Uint8Array);
  const stored = parseAccounts(Buffer.concat(chunks).toString('utf8'));
  const noted = await readServerNote(request);
  if (noted !== undefined) {
    return stored.filter((account) =>
      noted.accounts.some(
        ({ user, host, role }) => user === account.user && host === account.host && role === account.role,
      ),
    );
  }
  const replaced = request.targets.filter(({ isNew }) => !isNew).map(({ database }) => database);
  const missing = missingAccounts(stored, await listAccounts(access), replaced);
  await writeServerNote(request, { accounts: missing.map(({ user, host, role }) => ({ user, host, role })) });
  return missing;
}

/** Notes of the live database all that renaming tables does not keep. */
async function noteLive(access: Access, request: LoadRequest, { database }: LoadTarget): Promise<void> {
  if ((await readLiveNote(request, database)) !== undefined) return;
  const live = (await listDatabases(access)).find(({ name }) => name === database);
  if (live === undefined) {
    await writeLiveNote(request, database, {
      existed: false,
      tables: 0,
      charset: '',
      collation: '',
      invalid: [],
      routineGrants: [],
    });
    return;
  }
  const { sql, invalid } = await dumpPrograms(access, database);
  await writeDurably(livePrograms(request, database), sql);
  const { charset, collation } = live;
  const tables = (await tableNames(access, database)).length;
  const grants = await routineGrants(access, database);
  await writeLiveNote(request, database, {
    existed: true,
    tables,
    charset,
    collation,
    invalid,
    routineGrants: grants,
  });
}

/** The database itself, where there is none, and the one that keeps the live tables, which says that the swap has begun. */
async function makePlaces(
  access: Access,
  request: LoadRequest,
  { artifact, database }: LoadTarget,
): Promise<void> {
  const { charset, collation } = detailsOf(artifact);
  // To make one that is there waits for whoever holds one of its tables.
  for (const name of [database, keptName(database, request.restore)])
    if (!(await exists(access, name)))
      await rows(
        access,
        `CREATE DATABASE ${quoted(name)} CHARACTER SET ${charset} COLLATE ${collation};`,
        `making a place for the tables of ${database}`,
      );
}

async function placesOf(
  access: Access,
  request: LoadRequest,
  { artifact, database }: LoadTarget,
): Promise<Places> {
  const { tables, sequences } = detailsOf(artifact);
  const names = {
    live: database,
    loaded: loadingName(artifact.database, request.restore),
    kept: keptName(database, request.restore),
  };
  const [live, loaded, kept] = await tablesOf(access, [names.live, names.loaded, names.kept]);
  return {
    names,
    live: live ?? [],
    loaded: loaded ?? [],
    kept: kept ?? [],
    restored: new Set([...tables, ...sequences]),
    liveTables: (await requireNote(request, database)).tables,
  };
}

/** What belongs to a database besides its tables. */
async function finishDatabase(access: Access, request: LoadRequest, target: LoadTarget): Promise<void> {
  const { artifact, database, isNew } = target;
  const { charset, collation } = detailsOf(artifact);
  const note = await requireNote(request, database);
  const { restore } = request;
  await defaultsOfSequences(access, {
    database,
    from: loadingName(artifact.database, restore),
    to: database,
  });
  await setCharset(access, { database, charset, collation });
  if (isNew) {
    access.context.onLine(
      `${access.server.service}/${database} has tables and rows; views, routines, triggers and events are left out, since they may name ${artifact.database}`,
    );
    return;
  }
  await replacePrograms(access, {
    database,
    file: restoredPrograms(request, database),
    keep: note.invalid,
    restore,
  });
  await grantRoutines(access, database, note.routineGrants);
}

async function requireNote(request: LoadRequest, database: string): Promise<LiveNote> {
  const note = await readLiveNote(request, database);
  if (note !== undefined) return note;
  throw new Error(`swap of ${database} has not begun`);
}

async function setCharset(
  access: Access,
  { database, charset, collation }: { database: string; charset: string; collation: string },
): Promise<void> {
  const now = (await listDatabases(access)).find(({ name }) => name === database);
  if (now?.charset === charset && now.collation === collation) return;
  await rows(
    access,
    `ALTER DATABASE ${quoted(database)} CHARACTER SET ${charset} COLLATE ${collation};`,
    `setting the character set of ${database}`,
  );
}

/** Puts the live databases back, from wherever a restore has come to, and removes what was loaded. */
export async function unswapServer(
  server: Server,
  request: LoadRequest,
  context: EngineContext,
): Promise<void> {
  if (await isDropping(request)) {
    throw new RewindError(
      'ALREADY_DROPPED',
      `${server.service}: the databases of before are being deleted already: there is no way back`,
      {
        exit: 'notUndone',
        hint: 'docker rewind recover',
      },
    );
  }
  await begin({ server, context, patience: 120 }, request, (access) => unswapAll(access, request));
}

async function unswapAll(access: Access, request: LoadRequest): Promise<void> {
  const noted = await notedTargets(request);
  // Without the place for the live tables none of them was moved, or all are back already.
  const begun: LoadTarget[] = [];
  for (const target of noted)
    if (await exists(access, keptName(target.database, request.restore))) begun.push(target);
  for (const target of begun) await makeLoadingPlace(access, request, target);
  const changed = await isChanging(request);
  const locked = async (): Promise<void> => {};
  await endingOthers(access, databasesOf(request), async () => {
    const moves: Move[] = [];
    for (const target of begun) moves.push(...movesBack(await placesOf(access, request, target)));
    await renameTogether(access, request.restore, { moves, patience: 10, locked });
    for (const target of begun) await putBack(access, request, target, changed);
  });
  await rows(
    access,
    dropStatements((await readServerNote(request))?.accounts ?? []).join('\n'),
    'removing users that were made',
  );
  for (const { artifact } of request.targets)
    await drop(access, loadingName(artifact.database, request.restore));
}

/** Somebody may have removed it by hand; the tables that go out of the way need it. */
async function makeLoadingPlace(
  access: Access,
  request: LoadRequest,
  { artifact }: LoadTarget,
): Promise<void> {
  const name = loadingName(artifact.database, request.restore);
  await rows(access, `CREATE DATABASE IF NOT EXISTS ${quoted(name)};`, 'making a place for what was loaded');
}

async function putBack(
  access: Access,
  request: LoadRequest,
  target: LoadTarget,
  changed: boolean,
): Promise<void> {
  const { database } = target;
  const note = await requireNote(request, database);
  const { existed, charset, collation, invalid, routineGrants: grants } = note;
  if (existed && changed) {
    await setCharset(access, { database, charset, collation });
    if (!target.isNew)
      await replacePrograms(access, {
        database,
        file: livePrograms(request, database),
        keep: invalid,
        restore: request.restore,
      });
    await grantRoutines(access, database, grants);
  } else if (!existed && (await tableNames(access, database)).length === 0) {
    await drop(access, database);
  }
  const kept = keptName(database, request.restore);
  const left = await tableNames(access, kept);
  if (left.length > 0)
    throw new RewindError(
      'NOT_PUT_BACK',
      `${access.server.service}: tables of ${database} are still in ${kept}: ${left.join(', ')}`,
      { exit: 'notUndone' },
    );
  await drop(access, kept);
}

/** Deletes the databases of before. */
export async function dropOld(server: Server, request: LoadRequest, context: EngineContext): Promise<void> {
  await begin({ server, context, patience: 60 }, request, async (access) => {
    await noteDropping(request);
    for (const { artifact, database } of request.targets) {
      await drop(access, keptName(database, request.restore));
      await drop(access, loadingName(artifact.database, request.restore));
    }
  });
}

async function drop(access: Access, database: string): Promise<void> {
  if (!(await exists(access, database))) return;
  await rows(
    access,
    `SET SESSION foreign_key_checks = 0, lock_wait_timeout = 60;\nDROP DATABASE IF EXISTS ${quoted(database)};`,
    `removing ${database}`,
  );
}
