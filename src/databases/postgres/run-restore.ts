import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { execScriptArgv } from '../../docker/exec.ts';
import { linesOf } from '../../lines.ts';
import type { DatabaseArtifact, LoadRequest, LoadTarget } from '../engine.ts';
import type { ContainerFacts } from './container-facts.ts';
import { ANALYZE, counts, FACTS, loadedFacts, type LoadedFacts } from './after-load.ts';
import { COUNT_BUDGET_MS } from './compare.ts';
import { deliver } from './deliver.ts';
import { failure } from './failure.ts';
import { loadingJobs, loadingOptions, type IndexSettings } from './load-settings.ts';
import { accessArgs, type Access } from './psql.ts';
import { LOAD } from './scripts.ts';
import { connectionString } from './sql.ts';

/** From this size on a dump is put into a file first, so that several jobs can load it. */
const PARALLEL_FROM = 16 * 1024 * 1024;

/** Whether a dump is put into a file first. TimescaleDB's own tables want one job. */
export const goesByFile = ({ dump, details }: DatabaseArtifact): boolean =>
  dump.bytes >= PARALLEL_FROM && !isTimescale(details['extensions']);

export const isTimescale = (extensions: unknown): boolean =>
  Array.isArray(extensions) && extensions.includes('timescaledb');

export interface RestoreRun {
  target: LoadTarget;
  /** The new database. */
  name: string;
  /** SQL that makes it; '' where it is there. */
  create: string;
  /** Flags of pg_restore. */
  flags: readonly string[];
  indexes: IndexSettings;
  container: ContainerFacts;
  /** Called when the dump is on its way into the database, or in the container. */
  onBegun: () => void;
  /** Called when all of it is loaded; the rest waits for it. */
  onLoaded: () => Promise<void>;
  /** SQL that is run last. */
  end: string;
}

/**
 * Loads one dump into a new database, gathers statistics and counts rows. Throws for the first error of pg_restore or of what
 * comes after it.
 */
export async function runRestore(
  access: Access,
  request: LoadRequest,
  { target, name, create, flags, indexes, container, onBegun, onLoaded, end }: RestoreRun,
): Promise<LoadedFacts> {
  const { server, context } = access;
  const { artifact, database } = target;
  const { dump } = artifact;
  let current: string | undefined;
  let moved = 0;
  const onBytes = (bytes: number): void => context.onProgress(database, (moved = bytes), current);
  // Open until the end: it also tells pg_restore that we are there.
  const input = new PassThrough();
  // Who reads it tells.
  input.on('error', () => {});
  const unwanted = new AbortController();
  const inFile = goesByFile(artifact);
  const jobs = inFile ? loadingJobs(container) : 1;
  const feeding = (async () => {
    const signal = AbortSignal.any([context.signal, unwanted.signal]);
    const own: Access = { ...access, context: { ...context, signal } };
    const file = inFile ? await deliver(own, request, { dump, container }, onBytes) : undefined;
    if (input.writableEnded) return;
    // What was not checked on its way is checked before anything of it is loaded.
    if (inFile && file === undefined) await request.check(dump, () => {});
    input.write(`${file ?? ''}\n`);
    onBegun();
    if (file === undefined) await feed(await request.read(dump), input, onBytes);
  })().catch((error: Error) => void input.destroy(error));
  const options = loadingOptions(container, indexes, jobs);
  const args = [
    connectionString(name),
    String(dump.bytes),
    create,
    options,
    String(jobs),
    FACTS,
    ANALYZE,
    artifact.tables === null ? '' : counts(COUNT_BUDGET_MS),
    '--verbose',
    ...flags,
  ];
  const load = execScriptArgv(server.container, LOAD, [...accessArgs(access, ''), ...args], { stdin: true });
  let doing = `loading ${server.service}/${database}`;
  const found: string[] = [];
  try {
    const { result } = await context.runner.stream(load, {
      input,
      signal: context.signal,
      onLine: (line) => {
        const table = /processing data for table "(.*)"$/.exec(line)?.[1];
        if (table === undefined) return;
        current = table;
        context.onProgress(database, moved, table);
      },
      output: async (stdout) => {
        for await (const line of linesOf(stdout.setEncoding('utf8'))) {
          if (line !== LOADED) found.push(line);
          else {
            doing = `gathering statistics of ${server.service}/${database}`;
            await onLoaded();
            input.write(`${Buffer.byteLength(end)}\n${end}`);
          }
        }
        input.end();
      },
    });
    if (result.exitCode !== 0) throw failure(server, result, doing);
    return loadedFacts(found, doing);
  } finally {
    // A load that failed by itself does not wait for the dump.
    unwanted.abort();
    await feeding;
  }
}

const LOADED = 'loaded';

/** Feeds a stored dump, whose end closes nothing: the closed input is how the container hears that we are gone. */
async function feed(stored: Readable, input: PassThrough, onBytes: (bytes: number) => void): Promise<void> {
  let bytes = 0;
  stored.on('data', (chunk: Uint8Array) => onBytes((bytes += chunk.length)));
  await pipeline(stored, input, { end: false }).catch((error: Error) => {
    input.destroy(error);
  });
}
