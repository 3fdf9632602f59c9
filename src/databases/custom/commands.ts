import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { lastLine } from '../../docker/engine-error.ts';
import { execScriptArgv } from '../../docker/exec.ts';
import { RewindError } from '../../errors.ts';
import type { EngineContext, Server } from '../engine.ts';
import { END, RUN } from './scripts.ts';

const COMPRESSION = {
  params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 },
};

/**
 * Runs a service's dump command and gives its output, compressed, to `write`. Throws DUMP_FAILED where the command ends
 * with another code than 0 or writes nothing.
 */
export async function runDump<T>(
  server: Server,
  run: string,
  context: EngineContext,
  write: (compressed: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<{ bytes: number; value: T }> {
  let bytes = 0;
  const counted = async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      yield chunk;
      context.onProgress(server.service, (bytes += chunk.length));
    }
  };
  try {
    const { result, value } = await context.runner.stream(
      execScriptArgv(server.container, RUN, [run, commandsOf(server).dump]),
      {
        signal: context.signal,
        onLine: context.onLine,
        output: async (stdout) => {
          const compressed = createZstdCompress(COMPRESSION);
          const [, written] = await Promise.all([pipeline(stdout, counted, compressed), write(compressed)]);
          return { written };
        },
      },
    );
    if (result.exitCode !== 0 || value === undefined) throw failed(server, 'dump', lastLine(result));
    if (bytes === 0) throw failed(server, 'dump', 'it wrote nothing');
    return { bytes, value: value.written };
  } catch (error) {
    // What it started may go on without us.
    await endRun(server, run, context).catch(() => {});
    throw error;
  }
}

/** Feeds a compressed dump to a service's restore command. Throws RESTORE_FAILED. */
export async function runRestore(
  server: Server,
  run: string,
  context: EngineContext,
  compressed: Readable,
): Promise<void> {
  const plain = createZstdDecompress();
  compressed.on('error', (error) => plain.destroy(error));
  compressed.pipe(plain);
  const { result } = await context.runner.stream(
    execScriptArgv(server.container, RUN, [run, commandsOf(server).restore], { stdin: true }),
    {
      input: plain,
      signal: context.signal,
      onLine: context.onLine,
      output: async (stdout) => void stdout.resume(),
    },
  );
  if (result.exitCode !== 0) throw failed(server, 'restore', lastLine(result));
}

/** Ends what a run left in the container, whoever started it. */
export async function endRun(server: Server, run: string, context: EngineContext): Promise<void> {
  const { runner, signal } = context;
  const result = await runner.run(execScriptArgv(server.container, END, [run]), { signal });
  if (result.exitCode !== 0 && !signal.aborted)
    throw new RewindError(
      'CONTAINER_FAILED',
      `ending what ran in ${server.service} failed: ${lastLine(result)}`,
    );
}

export function commandsOf({ service, commands }: Server): { dump: string; restore: string } {
  if (commands === undefined) throw new Error(`${service} has no commands`);
  return commands;
}

function failed({ service }: Server, which: 'dump' | 'restore', why: string): RewindError {
  const code = which === 'dump' ? 'DUMP_FAILED' : 'RESTORE_FAILED';
  return new RewindError(code, `the ${which} command of ${service} failed: ${why}`, {
    hint: `It is x-rewind.services.${service}.${which}, and runs in the container by sh -c`,
  });
}
