import { execScriptArgv } from '../../docker/exec.ts';
import { RewindError } from '../../errors.ts';
import { inParallel } from '../../restore-points/volume/parallel.ts';
import type { StoredFile } from '../../stores/store.ts';
import type { DatabaseArtifact, DumpRequest, EngineContext, Server } from '../engine.ts';
import { Slots } from '../slots.ts';
import { databaseFacts, IS_USED, type DatabaseFacts } from './catalog.ts';
import { countRows } from './counts.ts';
import { failure } from './failure.ts';
import { accessArgs, json, together, withSession, type Access, type Session } from './psql.ts';
import { runDump } from './run-dump.ts';
import { GLOBALS } from './scripts.ts';
import { observeServer } from './server.ts';

/** Snapshots that are held at the same time; each is a connection. */
const SNAPSHOTS_AT_ONCE = 16;
/** Dumps at the same time. */
const DUMPS_AT_ONCE = 2;
const COUNT_BUDGET_MS = 30_000;

/** Dumps the asked-for databases and the globals. All snapshots are taken before the first dump begins. */
export async function dumpServer(
  server: Server,
  request: DumpRequest,
  context: EngineContext,
): Promise<DatabaseArtifact[]> {
  const access: Access = { server, context, session: 'docker-rewind dump' };
  const { names, notes } = await databasesOf(access);
  let globals: StoredFile | undefined;
  const artifacts: DatabaseArtifact[] = [];
  const taken = Promise.withResolvers<void>();
  await together(access, [
    async (own) => {
      // Beside the dumps, and not while these are made ready, which they have to wait for.
      await taken.promise;
      globals = await dumpGlobals(own, request);
    },
    async (own) => {
      try {
        for (let at = 0; at < names.length; at += SNAPSHOTS_AT_ONCE) {
          const group = names.slice(at, at + SNAPSHOTS_AT_ONCE);
          artifacts.push(...(await dumpTogether(own, group, request, taken.resolve)));
        }
      } finally {
        taken.resolve();
      }
    },
  ]).catch(async (error: unknown) => {
    throw await orMissing(access, error);
  });
  return artifacts.map((artifact) => ({
    ...artifact,
    globals: globals ?? null,
    notes: [...notes, ...artifact.notes],
  }));
}

/** Named ones are not looked up: that they are there shows when they are dumped. */
async function databasesOf(access: Access): Promise<{ names: string[]; notes: string[] }> {
  const { databases } = access.server;
  if (databases !== undefined) return { names: [...databases], notes: [] };
  const state = await observeServer(access);
  const present = state.databases.map(({ name }) => name);
  const notes = state.hidden.map((name) => `the database ${name} is not taken: we may not connect to it`);
  // The one that initdb makes is nobody's, until somebody uses it.
  const others = present.filter((name) => name !== 'postgres');
  const used =
    present.includes('postgres') &&
    (others.length === 0 || (await json<boolean>(access, 'postgres', IS_USED, 'looking into postgres')));
  return { names: used ? present : others, notes };
}

/** The error of a dump that failed because there is no such database; otherwise the one that it failed with. */
async function orMissing(access: Access, error: unknown): Promise<unknown> {
  const { service, databases } = access.server;
  if (databases === undefined || access.context.signal.aborted) return error;
  const state = await observeServer(access).catch(() => undefined);
  const present = state?.databases.map(({ name }) => name);
  const missing = databases.find((name) => present?.includes(name) === false);
  if (present === undefined || missing === undefined) return error;
  return new RewindError('NO_SUCH_DATABASE', `${service} has no database "${missing}"`, {
    exit: 'notFound',
    hint: `It has ${present.join(', ')}`,
  });
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

/** Takes all snapshots (`onSnapshots`), then dumps from them. */
async function dumpTogether(
  access: Access,
  databases: readonly string[],
  request: DumpRequest,
  onSnapshots: () => void,
): Promise<DatabaseArtifact[]> {
  const artifacts = new Map<string, DatabaseArtifact>();
  let missing = databases.length;
  const all = Promise.withResolvers<void>();
  all.promise.then(onSnapshots, () => {});
  const slots = new Slots(DUMPS_AT_ONCE);
  await inParallel(databases, databases.length, access.context.signal, async (database, signal) => {
    signal.addEventListener('abort', () => all.reject(signal.reason as Error), { once: true });
    const own: Access = { ...access, context: { ...access.context, signal } };
    const taken = Promise.withResolvers<string>();
    const snapshot = taken.promise.then((name) => all.promise.then(() => name));
    snapshot.catch(() => {});
    // Begun before the snapshot is there: the way into the container takes its time.
    const begun = Promise.withResolvers<void>();
    const unwanted = new AbortController();
    const signals = AbortSignal.any([signal, unwanted.signal]);
    const dumping: Access = { ...own, context: { ...own.context, signal: signals } };
    const dump = slots.use(() => runDump(dumping, { database, snapshot, request, onBegun: begun.resolve }));
    dump.catch(() => {}).finally(begun.resolve);
    const artifact = await withSession(own, database, async (session) => {
      const facts = await takeSnapshot(own, session, database, (name) => {
        taken.resolve(name);
        missing -= 1;
        if (missing === 0) all.resolve();
      });
      // While the dump is written, in the same snapshot. A dump never fails because of them, and one that failed ends them.
      const counting = request.counts
        ? countRows(session, facts.tables, COUNT_BUDGET_MS).catch(() => null)
        : Promise.resolve(null);
      const tables = await Promise.race([counting, dump.then(() => counting)]);
      // From then on pg_dump holds the snapshot by itself.
      await begun.promise;
      return { facts, tables };
    })
      .then((counted) => artifactOf(own, { database, ...counted, dump, request }))
      .catch(async (error: unknown) => {
        taken.reject(error as Error);
        all.reject(error as Error);
        unwanted.abort(error);
        // Ended by that, with nothing new to say.
        await dump.catch(() => {});
        throw error;
      });
    artifacts.set(database, artifact);
  });
  return databases.flatMap((database) => artifacts.get(database) ?? []);
}

/** Takes a snapshot, and says what is to be seen in it. Its dump does not wait for that. */
async function takeSnapshot(
  access: Access,
  session: Session,
  database: string,
  onSnapshot: (name: string) => void,
): Promise<DatabaseFacts> {
  const version = await session.ask('show server_version_num;');
  const major = Math.floor(Number(version?.[0] ?? 0) / 10_000);
  await session.ask('begin transaction isolation level repeatable read, read only;');
  const [snapshot] = (await session.ask('select pg_export_snapshot();')) ?? [];
  if (snapshot !== undefined) onSnapshot(snapshot);
  const [line] = (snapshot === undefined ? undefined : await session.ask(`${databaseFacts(major)};`)) ?? [];
  if (line !== undefined) return JSON.parse(line) as DatabaseFacts;
  throw new RewindError(
    'DUMP_FAILED',
    `${access.server.service}/${database}: its catalog could not be read as a snapshot`,
    { hint: `The role in POSTGRES_USER of ${access.server.service} must be a superuser` },
  );
}

interface Dumping {
  database: string;
  facts: DatabaseFacts;
  /** Null where they were not counted. */
  tables: DatabaseArtifact['tables'];
  /** The dump from the snapshot of these, which is under way. */
  dump: Promise<StoredFile>;
  request: DumpRequest;
}

/** Describes what came of it all. */
async function artifactOf(
  access: Access,
  { database, facts, tables, dump: dumping, request }: Dumping,
): Promise<DatabaseArtifact> {
  const { service } = access.server;
  const dump = await dumping;
  return {
    key: `${service}/${database}`,
    service,
    engine: 'postgres',
    version: facts.version,
    database,
    dump,
    globals: null,
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
