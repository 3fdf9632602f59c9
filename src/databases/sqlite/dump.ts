import type { Readable } from 'node:stream';
import { RewindError } from '../../errors.ts';
import { inParallel } from '../../restore-points/volume/parallel.ts';
import { slugOf } from '../../restore-points/slug.ts';
import type { DatabaseArtifact, DumpRequest, EngineContext, Server } from '../engine.ts';
import { inHelper, wantedFiles } from './files.ts';
import { newHelperName, runHelper, type HelperReport } from './helper.ts';
import type { SqliteFile } from './mounts.ts';
import { DUMP } from './scripts.ts';

/** What a restore needs to know of a database file besides. */
export interface SqliteDetails {
  bytes: number;
  /** Of the file before it was compressed. */
  sha256: string;
  /** Octal. */
  mode: string;
  /** `uid:gid` */
  owner: string;
}

// Each has a helper container of its own.
const AT_ONCE = 4;

/** Every file of a service, several at the same time. */
export async function dumpFiles(
  server: Server,
  request: DumpRequest,
  context: EngineContext,
): Promise<DatabaseArtifact[]> {
  const files = await wantedFiles(server, context);
  const dumped = new Map<string, DatabaseArtifact>();
  await inParallel(files, AT_ONCE, context.signal, async (file, signal) => {
    dumped.set(file.name, await dumpFile(file, server, request, { ...context, signal }));
  });
  return files.flatMap(({ name }) => dumped.get(name) ?? []);
}

async function dumpFile(
  file: SqliteFile,
  server: Server,
  request: DumpRequest,
  context: EngineContext,
): Promise<DatabaseArtifact> {
  let takenAt = new Date();
  const { report, value } = await runHelper(
    {
      name: newHelperName(),
      mounts: [file.mount],
      script: DUMP,
      args: [inHelper(file), request.counts ? 'counts' : ''],
      output: (stdout) => request.write(`${slugOf(file.name)}.db.zst`, progress(stdout, file, context)),
      onSaid: (word) => {
        if (word === 'begun') takenAt = new Date();
      },
    },
    context,
  );
  const one = (word: string): string => report.said.get(word)?.[0] ?? '';
  if (report.exitCode !== 0 || value === undefined || !report.said.has('end'))
    throw failed(file, server, report);
  const [mode = '', uid = '', gid = ''] = one('stat').split(' ');
  const details: SqliteDetails = {
    bytes: Number(one('bytes')),
    sha256: one('sha256'),
    mode,
    owner: `${uid}:${gid}`,
  };
  const counted = request.counts && report.said.has('counted');
  return {
    key: `${server.service}/${file.name}`,
    service: server.service,
    engine: 'sqlite',
    version: one('version'),
    database: file.name,
    dump: value,
    globals: null,
    tables: counted
      ? (report.said.get('count') ?? []).flatMap(
          (line) => JSON.parse(line) as { name: string; rows: number }[],
        )
      : null,
    takenAt: takenAt.toISOString(),
    finishedAt: new Date().toISOString(),
    serverBytes: details.bytes,
    details: { ...details },
    notes: report.said.has('quick')
      ? ['it uses extensions that are not here: its indexes were not checked (quick_check)']
      : [],
  };
}

async function* progress(
  stdout: Readable,
  { name }: SqliteFile,
  context: EngineContext,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of stdout as AsyncIterable<Uint8Array>) {
    yield chunk;
    context.onProgress(name, (bytes += chunk.length));
  }
}

const REASONS: Readonly<Record<string, string>> = {
  missing: 'there is no such file',
  link: 'it is no plain file, or behind a link',
  other: 'it is no SQLite database (empty, encrypted, or something else)',
};

function failed({ name }: SqliteFile, { service }: Server, report: HelperReport): RewindError {
  const word = Object.keys(REASONS).find((each) => report.said.has(each));
  const why =
    word !== undefined
      ? REASONS[word]
      : report.said.has('damaged')
        ? `integrity_check says: ${report.message}`
        : report.message;
  return new RewindError('DUMP_FAILED', `the dump of ${name} of ${service} failed: ${why ?? ''}`, {
    hint:
      word === undefined
        ? 'sqlite3 FILE "PRAGMA integrity_check" says more'
        : `Its name is from x-rewind.services.${service}.databases`,
  });
}
