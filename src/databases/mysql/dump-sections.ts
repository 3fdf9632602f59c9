import { RewindError } from '../../errors.ts';
import { identifier, lines, RowCounter, starts } from './dump-lines.ts';
import { CutOff } from './tool.ts';

/** One database's part of the one dump of all. */
export interface Section {
  database: string;
  /** Its bytes, with what stands before the first section in front: enough to be loaded alone. To be read to the end. */
  content: AsyncIterable<Uint8Array>;
  counter: RowCounter;
}

const MARK = Buffer.from('-- Current Database: `');
const USE = Buffer.from('USE `');
const SANDBOX = Buffer.from('/*M!999999\\- enable the sandbox mode */');
const TRAILER = /^-- Dump completed/;

/**
 * Splits the dump of several databases, made in one snapshot, into one part for each. What is in them cannot pass for the
 * beginning of another one unnoticed: the tool writes each name exactly once, in the order that was asked for, and anything
 * else is refused. Throws DUMP_FAILED for a dump that is not complete.
 */
export class DumpSections {
  readonly #source: AsyncGenerator<Buffer[]>;
  readonly #databases: readonly string[];
  #queue: Buffer[] = [];
  #at = 0;
  #last = '';

  constructor(source: AsyncIterable<Uint8Array>, databases: readonly string[]) {
    this.#source = lines(source);
    this.#databases = databases;
  }

  async *sections(): AsyncGenerator<Section> {
    const header: Buffer[] = [];
    let next = await this.#copyUntilMark((line) => {
      if (!starts(line, SANDBOX)) header.push(line);
    });
    for (const database of this.#databases) {
      if (next !== database) throw this.#unexpected(next, database);
      const counter = new RowCounter();
      let after: string | undefined;
      let ended = false;
      const read = (batch: Buffer[]) => this.#batch(batch, counter, database);
      const content = (async function* (): AsyncGenerator<Uint8Array> {
        yield Buffer.concat(header);
        for (;;) {
          const batch: Buffer[] = [];
          const mark = await read(batch);
          if (batch.length > 0) yield batch.length === 1 ? (batch[0] ?? EMPTY) : Buffer.concat(batch);
          if (mark === undefined) continue;
          after = mark.name;
          ended = true;
          return;
        }
      })();
      yield { database, content, counter };
      if (!ended) throw new Error('a section was not read to its end');
      next = after;
    }
    if (next !== undefined) throw this.#unexpected(next, undefined);
    if (!TRAILER.test(this.#last)) throw new CutOff(`the dump of ${this.#databases.join(', ')}`);
  }

  /** Lines to the next mark or the end of what has arrived; the mark, with no name at the end of everything. */
  async #batch(
    batch: Buffer[],
    counter: RowCounter,
    database: string,
  ): Promise<{ name: string | undefined } | undefined> {
    if (this.#at >= this.#queue.length && !(await this.#more())) return { name: undefined };
    while (this.#at < this.#queue.length) {
      const line = this.#queue[this.#at] ?? EMPTY;
      this.#at += 1;
      if (line[0] === DASH) {
        const name = this.#comment(line);
        if (name !== undefined) return { name };
      } else if (starts(line, USE) && identifier(line, USE.length - 1).name === database) {
        // It is loaded under other names, too.
        continue;
      }
      counter.line(line);
      batch.push(line);
    }
    return undefined;
  }

  async #copyUntilMark(take: (line: Buffer) => void): Promise<string | undefined> {
    for (;;) {
      if (this.#at >= this.#queue.length && !(await this.#more())) return undefined;
      const line = this.#queue[this.#at] ?? EMPTY;
      this.#at += 1;
      const name = this.#comment(line);
      if (name !== undefined) return name;
      take(line);
    }
  }

  #comment(line: Buffer): string | undefined {
    // Only whole: of a line that was cut nobody knows what it was to say.
    if (starts(line, MARK) && line.at(-1) === NEWLINE) return identifier(line, MARK.length - 1).name;
    if (line.length < 100) this.#last = line.toString();
    return undefined;
  }

  async #more(): Promise<boolean> {
    const next = await this.#source.next();
    this.#queue = next.done === true ? [] : next.value;
    this.#at = 0;
    return this.#queue.length > 0;
  }

  #unexpected(found: string | undefined, wanted: string | undefined): RewindError {
    if (found === undefined) return new CutOff(`the dump of ${wanted ?? ''}`);
    return new RewindError(
      'DUMP_FAILED',
      `the dump has a part of ${found} where ${wanted ?? 'its end'} was expected: a view was made meanwhile, or a text in a database looks like the beginning of another one`,
      { hint: 'Try again' },
    );
  }
}

const EMPTY = Buffer.alloc(0);
const NEWLINE = '\n'.charCodeAt(0);
const DASH = '-'.charCodeAt(0);
