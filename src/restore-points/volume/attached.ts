import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { execHelperArgv } from '../../docker/helper-container.ts';
import type { Runner } from '../../docker/runner.ts';
import { RewindError } from '../../errors.ts';
import type { ScriptStreams } from './helper.ts';
import { ATTACHED } from './scripts.ts';

/** What a script said, as it came, and what its output came to. */
export interface AttachedOutcome<T> {
  raw: { exitCode: number; stderr: string };
  value: T | undefined;
}

/**
 * Runs a script of a helper on an engine that does not share this host's files: its streams are those of `docker exec`.
 * The engine may let go of the output before its end without a word, so the script counts its bytes, and so do we.
 */
export async function runAttached<T>(
  runner: Runner,
  name: string,
  script: string,
  args: readonly string[],
  streams: ScriptStreams<T>,
  signal: AbortSignal,
): Promise<AttachedOutcome<T>> {
  if (runner.stream === undefined) throw new Error('this runner has no streams');
  let bytes = 0;
  const counted = async (stdout: Readable): Promise<T | undefined> => {
    const counter = new Transform({
      transform(chunk: Buffer, _, done) {
        bytes += chunk.length;
        done(null, chunk);
      },
    });
    const piped = pipeline(stdout, counter);
    piped.catch(() => {});
    const value = streams.output === undefined ? await drained(counter) : await streams.output(counter);
    await piped;
    return value;
  };
  const { result, value } = await runner.stream(
    execHelperArgv(name, ATTACHED, [script, ...args], streams.input !== undefined),
    {
      output: counted,
      signal,
      ...(streams.input === undefined ? {} : { input: streams.input }),
      ...(streams.onMessage === undefined ? {} : { onLine: streams.onMessage }),
    },
  );
  const stated = /^rewind: bytes (\d+)$/m.exec(result.stderr)?.[1];
  if (result.exitCode === 0 && Number(stated ?? -1) !== bytes) {
    throw new RewindError(
      'HELPER_FAILED',
      `the engine lost a part of what the helper container said: ${bytes} of ${stated ?? 'unknown'} bytes came`,
    );
  }
  return { raw: result, value };
}

async function drained(stream: Readable): Promise<undefined> {
  for await (const _ of stream) continue;
  return undefined;
}
