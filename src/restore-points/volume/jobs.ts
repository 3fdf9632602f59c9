import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import type { Held, Runner } from '../../docker/runner.ts';
import { offer, pourPipe, readLines, readPipe, writePipe, type Feeding, type PipeWriter } from './pipe.ts';
import { inputOf, type ScriptOutcome, type ScriptStreams } from './script.ts';
import { JOB_BEGUN, JOB_EXIT, JOB_OPEN, JOB_OVER, PIPES } from './scripts.ts';

/**
 * Runs scripts in a helper that shares the directory `exchange` with us: its first process hears of each on its standard
 * input, and all that goes in and out takes named pipes. `docker exec` would cost a tenth of a second for each, and what it
 * ran would go on unseen when its client died.
 */
export class Jobs {
  readonly #held: Held;
  readonly #exchange: string;
  readonly #pour: Runner['pour'];
  readonly #free = Array.from({ length: PIPES }, (_, index) => String(index));

  constructor(held: Held, exchange: string, pour: Runner['pour']) {
    this.#held = held;
    this.#exchange = exchange;
    this.#pour = pour;
  }

  /** Cut off where the helper went away before the script's end, or `signal` said so. A failure of ours is thrown. */
  async run<T>(
    script: string,
    args: readonly string[],
    streams: ScriptStreams<T>,
    signal: AbortSignal,
  ): Promise<ScriptOutcome<T>> {
    const pipes: string[] = [];
    const take = (): string => {
      const name = this.#free.shift();
      if (name === undefined) throw new Error('more streams than pipes');
      pipes.push(name);
      return name;
    };
    const opened = Promise.withResolvers<void>();
    const [told, said] = [take(), take()];
    const input = streams.input === undefined && streams.file === undefined ? undefined : take();
    const output = streams.output === undefined ? undefined : take();
    const at = (name: string): string => join(this.#exchange, name);
    const feeding = input === undefined ? undefined : this.#feed(streams, at(input), opened.promise);
    const reader = output === undefined ? undefined : readPipe(at(output), opened.promise);
    const abandon = (): void => {
      feeding?.abandon();
      reader?.abandon();
    };
    const words = [input ?? '/dev/null', output ?? '/dev/null', said, script, ...args];
    const onLine = (line: string): void => {
      if (line === JOB_OPEN) opened.resolve();
      else streams.onMessage?.(line);
    };
    const isKept = (line: string): boolean => streams.isHeardOnly?.(line) !== true;
    const ran = this.#carriedOut({ told, said }, words, { onLine, isKept }, signal).then((outcome) => {
      opened.resolve();
      // Nobody hears of its end: it may write for ever.
      if (outcome.cutOff) abandon();
      reader?.finish();
      // Whoever read our data is gone: there is nobody to wait for.
      if (feeding?.isDone() === false) feeding.abandon();
      return outcome;
    });
    const read =
      reader === undefined || streams.output === undefined ? undefined : streams.output(reader.stream);
    const failures: unknown[] = [];
    const guarded = [feeding?.done, read].map((work) =>
      work?.catch((error: unknown) => {
        failures.push(error);
        abandon();
      }),
    );
    try {
      const [outcome] = await Promise.all([ran, ...guarded]);
      return { ...outcome, failures, value: await read?.catch(() => undefined) };
    } finally {
      opened.resolve();
      abandon();
      this.#free.push(...pipes);
    }
  }

  #feed<T>(streams: ScriptStreams<T>, path: string, opened: Promise<void>): Feeding | undefined {
    if (streams.file !== undefined && this.#pour !== undefined)
      return pourPipe(path, opened, streams.file, this.#pour);
    const input = inputOf(streams);
    if (input === undefined) return undefined;
    const writer = writePipe(path, opened);
    return {
      done: feed(input, writer, opened),
      isDone: () => writer.stream.writableFinished,
      abandon: () => writer.abandon(),
    };
  }

  /** Tells the helper of a job and hears what it says, until it is over. Nothing of it needs space on a disk. */
  async #carriedOut(
    { told, said }: { told: string; said: string },
    words: readonly string[],
    { onLine, isKept }: { onLine: (line: string) => void; isKept: (line: string) => boolean },
    signal: AbortSignal,
  ): Promise<{ exitCode: number; stderr: string; cutOff: boolean }> {
    const messages: string[] = [];
    let exitCode: number | undefined;
    const taught = offer(join(this.#exchange, told), Buffer.from(words.map((word) => `${word}\0`).join('')));
    const lines = readLines(join(this.#exchange, said), (line) => {
      if (line === JOB_BEGUN) return taught();
      if (line === JOB_OVER) return lines.close();
      const code = JOB_EXIT.exec(line)?.[1];
      if (code !== undefined) {
        exitCode = Number(code);
        return;
      }
      // From here on it is over when nobody has the pipe open any more, whoever is killed.
      if (line === JOB_OPEN) lines.finish();
      else if (isKept(line)) messages.push(line);
      onLine(line);
    });
    const abort = (): void => lines.close();
    signal.addEventListener('abort', abort, { once: true });
    // What it said before it went is still in the pipe.
    void this.#held.ended.then(lines.finish);
    try {
      if (signal.aborted) lines.close();
      else this.#held.tell(`${told} ${said}\n`);
      await lines.closed;
    } finally {
      taught();
      lines.close();
      signal.removeEventListener('abort', abort);
    }
    return { exitCode: exitCode ?? KILLED, stderr: messages.join('\n'), cutOff: exitCode === undefined };
  }
}

const KILLED = 137;

/** The pipe closes when all is written, but not before the other side has opened it. */
async function feed(input: Readable, writer: PipeWriter, opened: Promise<void>): Promise<void> {
  await pipeline(input, writer.stream, { end: false });
  await opened;
  // Unlike the callback of `end`, this also ends where the stream was given up before.
  writer.stream.end();
  await finished(writer.stream);
  writer.abandon();
}
