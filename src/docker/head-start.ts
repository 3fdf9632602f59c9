import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type {
  Argv,
  Held,
  Outliving,
  RunOptions,
  RunResult,
  Runner,
  StreamingRunner,
  StreamOptions,
} from './runner.ts';

/** More than that would be in the way of what they are to be ready for. */
const MOST = 4;

/**
 * Begins programs before anybody asks for them: the way into a container takes its time. Only such as wait at their standard
 * input before they do anything; whoever runs the same command line later with an input takes one over where it stands.
 */
export class HeadStartRunner implements Runner {
  readonly #runner: StreamingRunner;
  #begun: Begun[] = [];
  #closed = false;
  readonly hold?: (argv: Argv) => Promise<Held | RunResult>;
  readonly outlive?: (script: string, args: readonly string[], log: string) => Promise<Outliving>;

  constructor(runner: StreamingRunner) {
    this.#runner = runner;
    if (runner.hold !== undefined) this.hold = (argv) => this.#runner.hold?.(argv) as Promise<Held>;
    if (runner.outlive !== undefined)
      this.outlive = (...args) => this.#runner.outlive?.(...args) as Promise<Outliving>;
  }

  /** Nothing where that is under way already. */
  begin(argv: Argv): void {
    const known = this.#begun.some(({ text }) => text === JSON.stringify(argv));
    if (!known && !this.#closed && this.#begun.length < MOST) this.#begun.push(new Begun(this.#runner, argv));
  }

  async run(argv: Argv, options: RunOptions = {}): Promise<RunResult> {
    const { input, signal, ...others } = options;
    const begun = input === undefined || Object.keys(others).length > 0 ? undefined : this.#take(argv);
    if (begun === undefined || input === undefined) return this.#runner.run(argv, options);
    try {
      const { result, value } = await begun.go({
        input: Readable.from([Buffer.from(input)]),
        signal: signal ?? new AbortController().signal,
        output: textOf,
      });
      return { ...result, stdout: value ?? '' };
    } catch (error) {
      // As `run` says it of one that was ended.
      if (signal?.aborted === true) return { exitCode: 128, stdout: '', stderr: '' };
      throw error;
    }
  }

  async stream<T>(
    argv: Argv,
    options: StreamOptions<T>,
  ): Promise<{ result: RunResult; value: T | undefined }> {
    const begun = options.input === undefined ? undefined : this.#take(argv);
    return begun === undefined ? this.#runner.stream(argv, options) : begun.go(options);
  }

  /** Ends those that nobody asked for; from now on nothing is begun. */
  close(): void {
    this.#closed = true;
    for (const begun of this.#begun.splice(0)) begun.drop();
  }

  /** One that has ended by now is of no use; what it had to say is said anew. */
  #take(argv: Argv): Begun | undefined {
    const text = JSON.stringify(argv);
    const at = this.#begun.findIndex((begun) => begun.text === text);
    const [begun] = at < 0 ? [] : this.#begun.splice(at, 1);
    return begun?.isOver === true ? undefined : begun;
  }
}

/** A program that waits for its input, and for somebody who takes its output. */
class Begun {
  readonly text: string;
  readonly #input = new PassThrough();
  readonly #stop = new AbortController();
  readonly #taken = Promise.withResolvers<StreamOptions<unknown>>();
  readonly #ended: Promise<{ result: RunResult; value: unknown }>;
  #said: string[] = [];
  #onLine: ((line: string) => void) | undefined;
  /** It does not wait any more: it has ended, or has begun to speak. */
  isOver = false;

  constructor(runner: StreamingRunner, argv: Argv) {
    this.text = JSON.stringify(argv);
    this.#input.on('error', () => {});
    const over = (): void => void (this.isOver = true);
    this.#ended = runner.stream(argv, {
      input: this.#input,
      signal: this.#stop.signal,
      onLine: (line) => (this.#onLine === undefined ? void this.#said.push(line) : this.#onLine(line)),
      output: async (stdout) => {
        stdout.once('readable', over);
        const { output } = await this.#taken.promise;
        stdout.off('readable', over);
        return output(stdout);
      },
    });
    this.#ended.then(over, over);
  }

  async go<T>(options: StreamOptions<T>): Promise<{ result: RunResult; value: T | undefined }> {
    const { signal, input = Readable.from([]), onLine = () => {} } = options;
    const abort = (): void => this.#stop.abort(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    for (const line of this.#said.splice(0)) onLine(line);
    this.#onLine = onLine;
    this.#taken.resolve(options);
    // What goes wrong there the program's own end tells.
    pipeline(input, this.#input).catch(() => {});
    try {
      return (await this.#ended) as { result: RunResult; value: T | undefined };
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  drop(): void {
    this.#stop.abort(new Error('nobody asked for it'));
    this.#taken.resolve({ signal: this.#stop.signal, output: async () => {} });
  }
}

async function textOf(stdout: Readable): Promise<string> {
  let text = '';
  stdout.setEncoding('utf8');
  for await (const chunk of stdout as AsyncIterable<string>) text += chunk;
  return text;
}
