import { PassThrough, type Readable } from 'node:stream';
import { execScriptArgv } from '../../docker/exec.ts';
import type { RunResult } from '../../docker/runner.ts';
import { RewindError } from '../../errors.ts';
import { slugOf } from '../../restore-points/slug.ts';
import { inParallel } from '../../restore-points/volume/parallel.ts';
import type { StoredFile } from '../../stores/store.ts';
import type { DatabaseArtifact, DumpRequest, EngineContext, Server, TableCount } from '../engine.ts';
import { databaseFacts, IS_USED, type DatabaseFacts } from './catalog.ts';
import { countRows } from './counts.ts';
import { failure, reasons } from './failure.ts';
import { lockedBy } from './locks.ts';
import { accessArgs, json, withSession, type Access, type Session } from './psql.ts';
import { DUMP, GLOBALS } from './scripts.ts';
import { observeServer } from './server.ts';

/** Snapshots that are held at the same time; each is a connection. */
const SNAPSHOTS_AT_ONCE = 16;
/** Dumps at the same time. */
const DUMPS_AT_ONCE = 2;
const COUNT_BUDGET_MS = 30_000;
const LOCK_TIMEOUT_MS = 30_000;

/** Dumps the asked-for databases and the globals. All snapshots are taken before the first dump begins. */
export async function dumpServer(
  server: Server,
  request: DumpRequest,
  context: EngineContext,
): Promise<DatabaseArtifact[]> {
  const access: Access = { server, context, session: 'docker-rewind dump' };
  const { names, notes } = await databasesOf(access);
  const globals = await dumpGlobals(access, request);
  const artifacts: DatabaseArtifact[] = [];
  for (let at = 0; at < names.length; at += SNAPSHOTS_AT_ONCE) {
    const group = names.slice(at, at + SNAPSHOTS_AT_ONCE);
    artifacts.push(...(await dumpTogether(access, group, { globals, request })));
  }
  return artifacts.map((artifact) => ({ ...artifact, notes: [...notes, ...artifact.notes] }));
}

async function databasesOf(access: Access): Promise<{ names: string[]; notes: string[] }> {
  const { server } = access;
  const state = await observeServer(access);
  const present = state.databases.map(({ name }) => name);
  if (server.databases !== undefined) {
    const missing = server.databases.find((name) => !present.includes(name));
    if (missing === undefined) return { names: [...server.databases], notes: [] };
    throw new RewindError('NO_SUCH_DATABASE', `${server.service} has no database "${missing}"`, {
      exit: 'notFound',
      hint: `It has ${present.join(', ')}`,
    });
  }
  const notes = state.hidden.map((name) => `the database ${name} is not taken: we may not connect to it`);
  // The one that initdb makes is nobody's, until somebody uses it.
  const others = present.filter((name) => name !== 'postgres');
  const used =
    present.includes('postgres') &&
    (others.length === 0 || (await json<boolean>(access, 'postgres', IS_USED, 'looking into postgres')));
  return { names: used ? present : others, notes };
}

async function dumpGlobals(access: Access, request: DumpRequest): Promise<StoredFile> {
  const { server, context } = access;
  const { result, value } = await context.runner.stream(
    execScriptArgv(server.container, GLOBALS, accessArgs(access, '')),
    {
      signal: context.signal,
      output: async (stdout) => {
        const chunks: Uint8Array[] = [];
        for await (const chunk of stdout) chunks.push(chunk as Uint8Array);
        return Buffer.concat(chunks);
      },
    },
  );
  if (result.exitCode !== 0) throw failure(server, result, 'dumping roles and grants');
  if (
    value === undefined ||
    !/^-- PostgreSQL database cluster dump complete$/m.test(value.toString('latin1'))
  )
    throw new RewindError('DUMP_FAILED', `${server.service}: the dump of roles and grants was cut off`);
  return request.write('globals.sql', one(value));
}

async function* one(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}

interface DumpWork {
  globals: StoredFile;
  request: DumpRequest;
}

/** Takes all snapshots, then dumps from them. */
async function dumpTogether(
  access: Access,
  databases: readonly string[],
  work: DumpWork,
): Promise<DatabaseArtifact[]> {
  const artifacts = new Map<string, DatabaseArtifact>();
  let taken = 0;
  const all = Promise.withResolvers<void>();
  all.promise.catch(() => {});
  const slots = new Slots(DUMPS_AT_ONCE);
  await inParallel(databases, databases.length, access.context.signal, async (database, signal) => {
    const own: Access = { ...access, context: { ...access.context, signal } };
    const artifact = await withSession(own, database, async (session) => {
      const facts = await takeSnapshot(own, session, database);
      taken += 1;
      if (taken === databases.length) all.resolve();
      signal.addEventListener('abort', () => all.reject(signal.reason as Error), { once: true });
      if (signal.aborted) throw signal.reason;
      await all.promise;
      return slots.use(() => dumpDatabase(own, session, { database, facts, ...work }));
    }).catch((error: unknown) => {
      all.reject(error as Error);
      throw error;
    });
    artifacts.set(database, artifact);
  });
  return databases.flatMap((database) => artifacts.get(database) ?? []);
}

async function takeSnapshot(access: Access, session: Session, database: string): Promise<DatabaseFacts> {
  const version = await session.ask('show server_version_num;');
  const major = Math.floor(Number(version?.[0] ?? 0) / 10_000);
  await session.ask('begin transaction isolation level repeatable read, read only;');
  const answer = await session.ask(`${databaseFacts(major)};`);
  const [line] = answer ?? [];
  if (line !== undefined) return JSON.parse(line) as DatabaseFacts;
  throw new RewindError(
    'DUMP_FAILED',
    `${access.server.service}/${database}: its catalog could not be read as a snapshot`,
    { hint: `The role in POSTGRES_USER of ${access.server.service} must be a superuser` },
  );
}

async function dumpDatabase(
  access: Access,
  session: Session,
  { database, facts, globals, request }: DumpWork & { database: string; facts: DatabaseFacts },
): Promise<DatabaseArtifact> {
  const { server } = access;
  // Both at the same time, in the same snapshot.
  const counting = request.counts ? countRows(session, facts.tables, COUNT_BUDGET_MS) : undefined;
  // A dump never fails because of them.
  const counts = counting?.catch(() => null);
  const dump = await runDump(access, { database, snapshot: facts.snapshot, request });
  const tables: TableCount[] | null = (await counts) ?? null;
  return {
    key: `${server.service}/${database}`,
    service: server.service,
    engine: 'postgres',
    version: facts.version,
    database,
    dump,
    globals,
    tables,
    takenAt: facts.at,
    finishedAt: new Date().toISOString(),
    serverBytes: facts.bytes,
    details: {
      properties: facts.properties,
      objects: facts.objects,
      tablespaces: facts.tablespaces,
      extensions: facts.extensions,
    },
    notes: request.counts && tables === null ? ['rows were not counted: that would have taken too long'] : [],
  };
}

async function runDump(
  access: Access,
  { database, snapshot, request }: { database: string; snapshot: string; request: DumpRequest },
): Promise<StoredFile> {
  const { server, context } = access;
  const path = `${slugOf(database)}.dump`;
  // Nothing is fed; it only tells pg_dump that we are there.
  const input = new PassThrough();
  let table: string | undefined;
  let bytes = 0;
  const { result, value } = await context.runner.stream(
    execScriptArgv(
      server.container,
      DUMP,
      [...accessArgs(access, database), String(LOCK_TIMEOUT_MS), snapshot],
      {
        stdin: true,
      },
    ),
    {
      input,
      signal: context.signal,
      onLine: (line) => {
        table = /dumping contents of table "(.*)"$/.exec(line)?.[1] ?? table;
      },
      output: async (stdout) => {
        const file = await request.write(
          path,
          counted(stdout, (size) => context.onProgress(database, (bytes += size), table)),
        );
        input.end();
        return file;
      },
    },
  );
  requireWhole(server, database, result, bytes, await lockedTables(access, database, result));
  if (value === undefined) throw cut(server, database);
  return value;
}

async function* counted(stdout: Readable, onBytes: (size: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of stdout as AsyncIterable<Uint8Array>) {
    onBytes(chunk.length);
    yield chunk;
  }
}

/** pg_dump must have ended with 0, and what it wrote must have arrived to the last byte. */
function requireWhole(
  server: Server,
  database: string,
  result: RunResult,
  bytes: number,
  locked: RewindError | undefined,
): void {
  const last = (name: string): string | undefined =>
    [...result.stderr.matchAll(new RegExp(`^rewind-${name} (\\d+)$`, 'gm'))].at(-1)?.[1];
  const exit = last('exit');
  if (locked !== undefined) throw locked;
  if (result.exitCode !== 0 || (exit !== undefined && exit !== '0') || reasons(result.stderr).some(isError))
    throw failure(server, result, `dumping ${server.service}/${database}`);
  if (exit === undefined || last('bytes') !== String(bytes) || bytes === 0) throw cut(server, database);
}

const isError = (line: string): boolean => /^pg_dump: (?:error|fatal)/.test(line);

function cut(server: Server, database: string): RewindError {
  return new RewindError(
    'DUMP_FAILED',
    `the dump of ${server.service}/${database} was cut off before its end`,
    { hint: `docker compose logs ${server.service} may say why` },
  );
}

async function lockedTables(
  access: Access,
  database: string,
  result: RunResult,
): Promise<RewindError | undefined> {
  if (!/canceling statement due to (?:statement|lock) timeout/.test(result.stderr)) return undefined;
  return lockedBy(access, database, LOCK_TIMEOUT_MS);
}

/** So many at the same time. */
class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(free: number) {
    this.#free = free;
  }

  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
