import { pipeline, Readable } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import { RewindError } from '../../errors.ts';
import { writeDurably } from '../../plan/durable.ts';
import type { DatabaseArtifact, EngineContext, LoadRequest, LoadTarget, Server } from '../engine.ts';
import { requireReadsAll, serverVersion, tableNames } from './catalog.ts';
import { rows, scriptArgv, SETTINGS, withClient, type Access } from './client.ts';
import { detailsOf, type Details } from './details.ts';
import { lines, renameDatabases, RowCounter } from './dump-lines.ts';
import { failure } from './failure.ts';
import { restoredPrograms } from './files.ts';
import { refuseForeignKeys, requireFree } from './guards.ts';
import { loadingName, lockName, qualified, quoted, text } from './names.ts';
import { isWhole } from './programs.ts';
import { requireRoom } from './room.ts';
import { LOAD } from './scripts.ts';

/** Room in a statement besides its longest row. */
const ROOM = 4 * 1024 * 1024;

/** Loads tables and rows beside the live databases and compares them with what was dumped. */
export async function loadServer(
  server: Server,
  request: LoadRequest,
  context: EngineContext,
): Promise<void> {
  const lock = lockName(request.restore, 'change');
  await withClient({ server, context, patience: 60, lock }, (access) => loadAll(access, request));
}

async function loadAll(access: Access, request: LoadRequest): Promise<void> {
  await serverVersion(access);
  await requireReadsAll(access);
  for (const target of request.targets) await requireFree(access, target);
  await refuseForeignKeys(access, request);
  await requireRoom(access, request);
  const names = new Map(
    request.targets.map(({ artifact }) => [
      artifact.database,
      loadingName(artifact.database, request.restore),
    ]),
  );
  for (const target of request.targets) await loadDatabase(access, request, target, names);
}

async function loadDatabase(
  access: Access,
  request: LoadRequest,
  { artifact, database }: LoadTarget,
  names: ReadonlyMap<string, string>,
): Promise<void> {
  const details = detailsOf(artifact);
  const into = loadingName(artifact.database, request.restore);
  await rows(
    access,
    `DROP DATABASE IF EXISTS ${quoted(into)};
CREATE DATABASE ${quoted(into)} CHARACTER SET ${details.charset} COLLATE ${details.collation};`,
    `making a place for ${artifact.key}`,
  );
  const dump = new StoredDump(artifact, details, names);
  await withPackets(access, details.longest + ROOM, () => feed(access, request, { into, dump, database }));
  await writeDurably(restoredPrograms(request, database), dump.programs);
  await compare(access, { artifact, details, into, loaded: dump.counter });
}

async function feed(
  access: Access,
  request: LoadRequest,
  { into, dump, database }: { into: string; dump: StoredDump; database: string },
): Promise<void> {
  const { server, context } = access;
  const stored = await request.read(dump.artifact.dump);
  const unpacked = createZstdDecompress();
  pipeline(stored, unpacked, () => {});
  let bytes = 0;
  const content = (async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from(`${SETTINGS}SELECT GET_LOCK(${text(lockName(request.restore, 'load'))}, 30);\n`);
    for await (const chunk of dump.tables(unpacked)) {
      bytes += chunk.length;
      context.onProgress(database, bytes, dump.counter.table);
      yield chunk;
    }
  })();
  const { result } = await context.runner.stream(scriptArgv(access, LOAD, [into], true), {
    input: Readable.from(content, { objectMode: false }),
    signal: context.signal,
    output: async (stdout) => void stdout.resume(),
  });
  if (result.exitCode !== 0) throw failure(server, result, `loading ${dump.artifact.key}`);
}

/** A stored dump on its way into the server. */
class StoredDump {
  readonly counter = new RowCounter();
  programs = Buffer.alloc(0);
  readonly artifact: DatabaseArtifact;
  readonly #details: Details;
  readonly #names: ReadonlyMap<string, string>;

  constructor(artifact: DatabaseArtifact, details: Details, names: ReadonlyMap<string, string>) {
    this.artifact = artifact;
    this.#details = details;
    this.#names = names;
  }

  /** Tables and rows; the rest is kept for the swap. Throws DAMAGED where the end is missing. */
  async *tables(unpacked: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const programs: Buffer[] = [];
    const end = this.#details.programsAt;
    const tablesOnly = (async function* (): AsyncGenerator<Uint8Array> {
      let at = 0;
      for await (const chunk of unpacked) {
        const here = Math.min(chunk.length, Math.max(0, end - at));
        if (here > 0) yield chunk.subarray(0, here);
        if (here < chunk.length) programs.push(Buffer.from(chunk.subarray(here)));
        at += chunk.length;
      }
    })();
    for await (const batch of lines(tablesOnly)) {
      yield Buffer.concat(
        batch.map((line) => {
          this.counter.line(line);
          return line[0] === SPACE
            ? Buffer.from(renameDatabases(line.toString('latin1'), this.#names), 'latin1')
            : line;
        }),
      );
    }
    this.programs = Buffer.concat(programs);
    if (isWhole(this.programs)) return;
    throw new RewindError('DAMAGED', `the dump of ${this.artifact.key} is damaged: its end is missing`, {
      exit: 'refused',
      hint: 'docker rewind list shows the other restore points',
    });
  }
}

const SPACE = ' '.charCodeAt(0);

/** Lets the server take long statements while `work` runs; most dumps have none. */
async function withPackets(access: Access, bytes: number, work: () => Promise<void>): Promise<void> {
  const [found] = await rows(access, 'SELECT @@GLOBAL.max_allowed_packet;', 'asking for its limits');
  const limit = Number(found?.[0] ?? 0);
  if (limit >= bytes) return work();
  const set = (value: number): Promise<unknown> =>
    rows(access, `SET GLOBAL max_allowed_packet = ${value};`, 'letting long rows in');
  await set(1024 * 1024 * 1024);
  try {
    await work();
  } finally {
    await set(limit);
  }
}

/** What is in the server now has to be what was dumped: the tables, and in each the rows. */
async function compare(
  access: Access,
  {
    artifact,
    details,
    into,
    loaded,
  }: { artifact: DatabaseArtifact; details: Details; into: string; loaded: RowCounter },
): Promise<void> {
  const differs = (what: string): RewindError =>
    new RewindError('NOT_AS_DUMPED', `${artifact.key} is not what was dumped after it was loaded: ${what}`, {
      hint: 'The live database was not touched. docker rewind list shows the other restore points',
    });
  const present = new Set(await tableNames(access, into));
  const wanted = [...details.tables, ...details.sequences];
  const missing = wanted.find((name) => !present.has(name));
  if (missing !== undefined) throw differs(`the table ${missing} is missing`);
  if (present.size !== wanted.length)
    throw differs(`it has ${present.size} tables instead of ${wanted.length}`);
  if (details.tables.length === 0) return;
  const versioned = new Set(details.versioned);
  const counts = await rows(
    access,
    details.tables
      .map(
        (name) =>
          `SELECT COUNT(*) FROM ${qualified(into, name)}${versioned.has(name) ? ' FOR SYSTEM_TIME ALL' : ''};`,
      )
      .join('\n'),
    `counting the rows of ${artifact.key}`,
  );
  for (const [index, name] of details.tables.entries()) {
    const now = Number(counts[index]?.[0] ?? -1);
    for (const then of [details.rows[name] ?? 0, loaded.rows.get(name) ?? 0])
      if (now !== then) throw differs(`${name} has ${now} rows instead of ${then}`);
  }
}
