import { PassThrough, type Readable } from 'node:stream';
import type { Argv, RunResult } from '../docker/runner.ts';
import { Lines } from '../lines.ts';
import type { EngineContext } from './engine.ts';

/** The answers stopped: the client has ended, and says on its standard error why. */
export class ConversationEnded extends Error {
  readonly result: RunResult;

  constructor(result: RunResult) {
    super('the database client has ended');
    this.result = result;
  }
}

/**
 * A client in the server's container that stays open and is asked one thing after the other. When we go, its standard
 * input closes and it goes as well.
 */
export class Conversation {
  readonly #input = new PassThrough();
  readonly #ended: Promise<RunResult>;
  readonly #lines: string[] = [];
  #arrived = Promise.withResolvers<void>();
  #closed = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ runner, signal }: EngineContext, argv: Argv) {
    const output = (stdout: Readable): Promise<void> => this.#listen(stdout);
    this.#ended = runner.stream(argv, { input: this.#input, signal, output }).then(({ result }) => result);
    // Whoever asks or waits for the end is told.
    this.#ended.catch(() => {});
    void this.#ended.catch(() => {}).finally(() => this.#hangUp());
  }

  /** Whether the client is still there, as far as is known. */
  get isOpen(): boolean {
    return !this.#closed;
  }

  /**
   * Sends a text that has the client print `end` on a line of its own when it is done, and returns the lines before that.
   * Throws ConversationEnded where the client ends instead.
   */
  async ask(text: string, end: string): Promise<string[]> {
    const turn = this.#last.then(() => this.#answer(text, end));
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Lets the client go, and says how it ended. */
  async end(): Promise<RunResult> {
    this.#input.end();
    return this.#ended;
  }

  async #answer(text: string, end: string): Promise<string[]> {
    if (!this.#closed) this.#input.write(text);
    const answer: string[] = [];
    for (;;) {
      const line = this.#lines.shift();
      if (line === end) return answer;
      if (line !== undefined) answer.push(line);
      else if (this.#closed) throw new ConversationEnded(await this.end());
      else await this.#arrived.promise;
    }
  }

  async #listen(stdout: Readable): Promise<void> {
    const lines = new Lines();
    for await (const chunk of stdout.setEncoding('utf8')) {
      this.#lines.push(...lines.with(chunk));
      this.#wake();
    }
    this.#hangUp();
  }

  #hangUp(): void {
    this.#closed = true;
    this.#wake();
  }

  #wake(): void {
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers();
  }
}
