import { PassThrough, type Readable } from 'node:stream';
import { execScriptArgv } from '../../docker/exec.ts';
import type { RunResult } from '../../docker/runner.ts';
import { RewindError } from '../../errors.ts';
import { slugOf } from '../../restore-points/slug.ts';
import type { StoredFile } from '../../stores/store.ts';
import type { DumpRequest, Server } from '../engine.ts';
import { ArchiveCheck } from './archive.ts';
import { failure, reasons } from './failure.ts';
import { lockedBy } from './locks.ts';
import { accessArgs, type Access } from './psql.ts';
import { DUMP } from './scripts.ts';

const LOCK_TIMEOUT_MS = 30_000;

export interface DumpRun {
  database: string;
  /** The snapshot's name. Everything else is made ready while it is on its way. */
  snapshot: Promise<string>;
  request: DumpRequest;
  /** Called when pg_dump has made the snapshot its own. */
  onBegun: () => void;
}

/** Writes one dump into the restore point. Throws where it did not arrive as a whole. */
export async function runDump(
  access: Access,
  { database, snapshot, request, onBegun }: DumpRun,
): Promise<StoredFile> {
  const { server, context } = access;
  const path = `${slugOf(database)}.dump`;
  // Open until the end: it also tells pg_dump that we are there.
  const input = new PassThrough();
  snapshot.then(
    (name) => input.write(`${name}\n`),
    () => input.end(),
  );
  let table: string | undefined;
  let bytes = 0;
  const archive = new ArchiveCheck();
  const { result, value } = await context.runner.stream(
    execScriptArgv(server.container, DUMP, [...accessArgs(access, database), String(LOCK_TIMEOUT_MS)], {
      stdin: true,
    }),
    {
      input,
      signal: context.signal,
      onLine: (line) => {
        table = /dumping contents of table "(.*)"$/.exec(line)?.[1] ?? table;
      },
      output: async (stdout) => {
        const file = await request.write(
          path,
          watched(stdout, (chunk) => {
            // It has read the catalog by then.
            onBegun();
            archive.take(chunk);
            context.onProgress(database, (bytes += chunk.length), table);
          }),
        );
        input.end();
        return file;
      },
    },
  );
  requireWhole(server, database, result, bytes, await lockedTables(access, database, result));
  if (archive.problem !== undefined) throw broken(server, database, archive.problem);
  if (value === undefined) throw broken(server, database, CUT);
  return value;
}

async function* watched(stdout: Readable, onChunk: (chunk: Uint8Array) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of stdout as AsyncIterable<Uint8Array>) {
    onChunk(chunk);
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
  if (exit === undefined || last('bytes') !== String(bytes) || bytes === 0)
    throw broken(server, database, CUT);
}

const isError = (line: string): boolean => /^pg_dump: (?:error|fatal)/.test(line);

const CUT = 'was cut off before its end';

function broken({ service }: Server, database: string, problem: string): RewindError {
  return new RewindError('DUMP_FAILED', `the dump of ${service}/${database} ${problem}`, {
    hint: `docker compose logs ${service} may say why; so may pg_dump in it`,
  });
}

async function lockedTables(
  access: Access,
  database: string,
  result: RunResult,
): Promise<RewindError | undefined> {
  if (!/canceling statement due to (?:statement|lock) timeout/.test(result.stderr)) return undefined;
  return lockedBy(access, database, LOCK_TIMEOUT_MS);
}
