import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { execHelperArgv } from '../../docker/helper-container.ts';
import type { Runner } from '../../docker/runner.ts';
import { RewindError } from '../../errors.ts';
import { inputOf, type ScriptOutcome, type ScriptStreams } from './script.ts';
import { ATTACHED } from './scripts.ts';

// 137: killed with SIGKILL, as everything in a container that is killed. The others: the client that ran a script in it
// died, by a signal or with its engine; the script does not hear of that.
const CUT_OFF: ReadonlySet<number> = new Set([128, 129, 130, 137, 143, 255]);

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
): Promise<ScriptOutcome<T>> {
  if (runner.stream === undefined) throw new Error('this runner has no streams');
  let bytes = 0;
  const input = inputOf(streams);
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
    execHelperArgv(name, ATTACHED, [script, ...args], input !== undefined),
    {
      output: counted,
      signal,
      ...(input === undefined ? {} : { input }),
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
  const { exitCode, stderr } = result;
  const cutOff = CUT_OFF.has(exitCode) || /no such container|is not running/i.test(stderr);
  return { exitCode, stderr, cutOff, failures: [], value };
}

async function drained(stream: Readable): Promise<undefined> {
  for await (const _ of stream) continue;
  return undefined;
}
