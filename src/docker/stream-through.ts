import { PassThrough, type Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { StreamOptions } from './runner.ts';

/** A program that runs, wherever that is. */
export interface Program<R> {
  stdin: Writable | null;
  stdout: Readable;
  stderr: Readable;
  /** How it ended; rejects where it could not be started. */
  result: Promise<R>;
  kill(): void;
}

/** Feeds a program and takes its output, as `Runner.stream` says, until it and both streams have ended. */
export async function streamThrough<T, R>(
  program: Program<R>,
  options: StreamOptions<T>,
): Promise<{ result: R; value: T | undefined }> {
  // Read from the start: Node throws away what a program wrote when nobody had begun to read it by its end.
  const output = new PassThrough({ highWaterMark: 1024 * 1024 });
  const failures: unknown[] = [];
  const guarded = <V>(work: Promise<V>): Promise<V | undefined> =>
    work.catch((error: unknown): undefined => {
      failures.push(error);
      program.kill();
      output.destroy();
    });
  // A program that ends, or closes its input, before it was fed to the end still has its say.
  const fedUp = (error: unknown): undefined => {
    if (!isBrokenPipe(error)) throw error;
  };
  // What the program started may live on and keep the pipes open.
  const abandoned = (): void => {
    output.destroy();
    program.stderr.destroy();
  };
  options.signal.addEventListener('abort', abandoned, { once: true });
  const piped = pipeline(program.stdout, output).catch((error: Error) => output.destroy(error));
  // One that was aborted before this does not say so again.
  if (options.signal.aborted) abandoned();
  const fed =
    options.input === undefined || program.stdin === null
      ? undefined
      : guarded(pipeline(options.input, program.stdin).catch(fedUp));
  const [value, result] = await Promise.all([
    guarded(options.output(output)),
    program.result,
    piped,
    fed,
  ]).finally(() => options.signal.removeEventListener('abort', abandoned));
  if (options.signal.aborted) throw options.signal.reason;
  // A broken pipe is the consequence of what the program says itself.
  const cause = failures.find((error) => !isBrokenPipe(error));
  if (cause !== undefined) throw cause;
  return { result, value };
}

/** Whether an error only says that the other side of a pipe has gone. */
export function isBrokenPipe(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? '';
  return ['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED', 'ECONNRESET', 'ECANCELED'].includes(
    code,
  );
}
