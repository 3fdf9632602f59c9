import { constants, createZstdCompress } from 'node:zlib';
import { pipeline, Readable } from 'node:stream';
import { RewindError } from '../../errors.ts';
import { slugOf } from '../../restore-points/slug.ts';
import type { StoredFile } from '../../stores/store.ts';
import type { DatabaseArtifact, DumpRequest, EngineContext, Server, TableCount } from '../engine.ts';
import { accountsText, listAccounts } from './accounts.ts';
import {
  listDatabases,
  listRelations,
  refuseLineBreaks,
  requireReadsAll,
  serverVersion,
  type Database,
  type Relation,
} from './catalog.ts';
import { withClient, type Access } from './client.ts';
import { DumpSections, type Section } from './dump-sections.ts';
import type { Details } from './details.ts';
import { isOfRestore } from './names.ts';
import { dumpPrograms } from './programs.ts';
import { whileWatched } from './stalled.ts';
import { runTool } from './tool.ts';

/** Dumps the asked-for databases in one snapshot, and users and grants. */
export async function dumpServer(
  server: Server,
  request: DumpRequest,
  context: EngineContext,
): Promise<DatabaseArtifact[]> {
  const access: Access = { server, context, patience: 10 };
  // Its client has gone by the time of the dump: whoever looks for a session that holds a table does not find it.
  const work = await withClient(access, (own) => beforeDump(own, request));
  const names = work.databases.map(({ name }) => name);
  return whileWatched(access, names, (own, alive) => dumpAll(own, { ...work, alive }));
}

async function beforeDump(access: Access, request: DumpRequest): Promise<DumpWork> {
  const version = await serverVersion(access);
  await requireReadsAll(access);
  const databases = await wantedDatabases(access);
  if (databases.length === 0) return dumpNothing(access.server);
  const names = databases.map(({ name }) => name);
  await refuseLineBreaks(access, names);
  const relations = new Map<string, Relation[]>();
  for (const name of names) relations.set(name, await listRelations(access, name));
  const globals = await request.write(
    'globals.sql.zst',
    compressed(one(Buffer.from(accountsText(await listAccounts(access))))),
  );
  return { version, databases, globals, takenAt: new Date().toISOString(), relations, request };
}

interface DumpWork {
  version: string;
  databases: readonly Database[];
  globals: StoredFile;
  takenAt: string;
  relations: ReadonlyMap<string, readonly Relation[]>;
  request: DumpRequest;
}

/** The databases that are asked for; without a wish, all that are the users' own. */
async function wantedDatabases(access: Access): Promise<Database[]> {
  const present = await listDatabases(access);
  const { databases: wanted, service } = access.server;
  if (wanted === undefined) return present.filter(({ name }) => !isOfRestore(name));
  return wanted.map((name) => {
    const found = present.find((each) => each.name === name);
    if (found !== undefined) return found;
    throw new RewindError('NO_SUCH_DATABASE', `${service} has no database "${name}"`, {
      exit: 'notFound',
      hint: `It has ${present.map((each) => each.name).join(', ')}`,
    });
  });
}

function dumpNothing(server: Server): never {
  throw new RewindError('NO_DATABASE', `${server.service} holds no database but its own`, {
    exit: 'refused',
    hint: `Leave it out until it has one: x-rewind.services.${server.service}.backup: none`,
  });
}

/** One run of the tool: all databases come from one transaction. Views are dumped apart, with the other texts. */
async function dumpAll(access: Access, work: DumpWork & { alive: () => void }): Promise<DatabaseArtifact[]> {
  const { databases } = work;
  const names = databases.map(({ name }) => name);
  const all = names.flatMap((name) =>
    (work.relations.get(name) ?? []).map((relation) => ({ name, relation })),
  );
  const views = all.filter(({ relation }) => relation.type === 'view');
  const history = all.some(({ relation }) => relation.versioned);
  const options = [
    '--single-transaction', '--quick', '--skip-triggers', '--skip-routines', '--skip-events',
    ...(history ? ['--dump-history'] : []),
    ...views.map(({ name, relation }) => `--ignore-table=${name}.${relation.name}`),
    '--databases', '--', ...names,
  ]; // prettier-ignore
  return runTool(access, options, {
    doing: `dumping ${names.join(', ')}`,
    output: async (stdout) => {
      const artifacts: DatabaseArtifact[] = [];
      const watched = (async function* (): AsyncGenerator<Uint8Array> {
        for await (const chunk of stdout as AsyncIterable<Uint8Array>) {
          work.alive();
          yield chunk;
        }
      })();
      const sections = new DumpSections(watched, names).sections();
      const dumped = new Map<string, readonly string[]>();
      for await (const section of sections) {
        const database = databases.find(({ name }) => name === section.database);
        if (database === undefined) continue;
        artifacts.push(await dumpSection(access, section, { ...work, database }));
        dumped.set(section.database, [...section.counter.tables, ...section.counter.sequences]);
      }
      // Now that the end was seen: what a cut dump lacks was not removed by anybody.
      for (const [name, tables] of dumped)
        requireAll(access.server, name, work.relations.get(name) ?? [], tables);
      return artifacts;
    },
  });
}

async function dumpSection(
  access: Access,
  { database: name, content, counter }: Section,
  {
    version,
    globals,
    takenAt,
    relations,
    request,
    database,
    alive,
  }: DumpWork & { database: Database; alive: () => void },
): Promise<DatabaseArtifact> {
  const { server, context } = access;
  let bytes = 0;
  let programsAt = 0;
  let invalid: string[] = [];
  const whole = (async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of content) {
      bytes += chunk.length;
      context.onProgress(name, bytes, counter.table);
      yield chunk;
    }
    programsAt = bytes;
    const programs = await dumpPrograms(access, name);
    invalid = programs.invalid;
    alive();
    if (programs.sql.length > 0) yield programs.sql;
  })();
  const dump = await request.write(`${slugOf(name)}.sql.zst`, compressed(whole));
  const own = relations.get(name) ?? [];
  const tables = [...counter.rows].map(([table, rowCount]): TableCount => ({ name: table, rows: rowCount }));
  const details: Details = {
    tables: counter.tables,
    sequences: counter.sequences,
    rows: Object.fromEntries(counter.rows),
    versioned: own.filter(({ versioned }) => versioned).map((relation) => relation.name),
    charset: database.charset,
    collation: database.collation,
    programsAt,
    longest: counter.longest,
  };
  return {
    key: `${server.service}/${name}`,
    service: server.service,
    engine: server.kind,
    version,
    database: name,
    dump,
    globals,
    tables: request.counts ? tables : null,
    takenAt,
    finishedAt: new Date().toISOString(),
    serverBytes: database.bytes,
    details: { ...details },
    notes: notesOn(own, invalid),
  };
}

/** Everything that was there before the snapshot has to be in it. */
function requireAll(
  server: Server,
  database: string,
  relations: readonly Relation[],
  dumped: readonly string[],
): void {
  const present = new Set(dumped);
  const missing = relations.find(({ name, type }) => type !== 'view' && !present.has(name));
  if (missing === undefined) return;
  throw new RewindError(
    'DUMP_FAILED',
    `the dump of ${server.service}/${database} lacks the table ${missing.name}: it was removed or renamed meanwhile`,
    { hint: 'Try again' },
  );
}

const TRANSACTIONAL = new Set(['InnoDB', 'MyRocks', 'ROCKSDB', 'TokuDB', 'ndbcluster']);

function notesOn(relations: readonly Relation[], invalid: readonly string[]): string[] {
  const loose = relations.filter(({ type, engine }) => type === 'table' && !TRANSACTIONAL.has(engine));
  return [
    ...(loose.length === 0
      ? []
      : [
          `not part of the snapshot, since their storage engine knows none: ${loose.map(({ name, engine }) => `${name} (${engine})`).join(', ')}`,
        ]),
    ...(invalid.length === 0
      ? []
      : [`views that name something that is gone are left out: ${invalid.join(', ')}`]),
  ];
}

async function* one(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}

/** As one zstd frame. */
function compressed(content: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const zstd = createZstdCompress({
    chunkSize: 256 * 1024,
    params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 },
  });
  // What fails ends both, and whoever reads learns of it.
  pipeline(Readable.from(content, { objectMode: false }), zstd, () => {});
  return zstd;
}
