import { createReadStream, createWriteStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { owned } from './blocks.ts';
import type { Helper } from './helper.ts';
import { IndexReader } from './index-records.ts';
import { openIndex, printIndex, type TakeIndexOptions } from './index-source.ts';
import { requireCodes } from './script.ts';
import { SORT } from './scripts.ts';

const BLOCK = 64 * 1024;
const END = Buffer.from('//end\0');

/**
 * The index of a volume while it is being taken (GNU find only): its entries, in the order in which they are found, can be
 * archived before the last one is found, each after its record was taken. What is archived is what the index has, and
 * nothing else; and whatever changes after the index was begun counts as changed.
 */
export class GrowingIndex {
  /** Settles when all entries are found. */
  readonly found: Promise<void>;
  readonly #file: string;
  #written = 0;
  #over = false;
  #wake = (): void => {};

  /** `file`: of ours, for the records as they come. */
  constructor(helper: Helper, file: string, options: TakeIndexOptions, signal: AbortSignal) {
    this.#file = file;
    this.found = printIndex(helper, options, 'cat', (stream) => this.#write(stream), signal).finally(() => {
      this.#over = true;
      this.#wake();
    });
    // Whoever reads the entries hears of it, too.
    this.found.catch(() => {});
  }

  /** The entries as they come. */
  entries(): IndexReader {
    return new IndexReader(this.#follow());
  }

  /** All entries, once they are found. */
  all(): IndexReader {
    return openIndex(this.#file);
  }

  /** Waits until all are found, and writes them into another file in the order of their bytes. */
  async sort(helper: Helper, into: string, key: string, signal: AbortSignal): Promise<void> {
    await this.found;
    await sortFound(helper, { found: this.#file, into, key }, signal);
  }

  async #write(stream: AsyncIterable<Buffer>): Promise<void> {
    const file = await open(this.#file, 'w', 0o600);
    try {
      for await (const block of stream) {
        await file.writeFile(block);
        this.#written += block.length;
        this.#wake();
      }
    } finally {
      await file.close();
    }
  }

  async *#follow(): AsyncGenerator<Buffer> {
    let position = 0;
    for (;;) {
      if (position < this.#written) {
        const file = await open(this.#file, 'r');
        try {
          while (position < this.#written) {
            const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(BLOCK), 0, BLOCK, position);
            position += bytesRead;
            yield buffer.subarray(0, bytesRead);
          }
        } finally {
          await file.close();
        }
      } else if (this.#over) {
        await this.found;
        return;
      } else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** Writes what a GrowingIndex has found into another file, in the order of the bytes of its entries. */
export async function sortFound(
  helper: Helper,
  { found, into, key }: { found: string; into: string; key: string },
  signal: AbortSignal,
): Promise<void> {
  const { size } = await stat(found);
  const header = await headerOf(found);
  const records = createReadStream(found, { start: header.length, end: size - END.length - 1 });
  const { report } = await helper.run(
    SORT,
    [],
    {
      input: records,
      output: async (stream) => {
        const sorted = owned(stream);
        const whole = async function* (): AsyncGenerator<Buffer> {
          yield header;
          yield* sorted;
          yield END;
        };
        await pipeline(Readable.from(whole()), createWriteStream(into, { mode: 0o600 }));
      },
    },
    signal,
  );
  requireCodes(report, ['sort'], `reading the entries of ${key}`);
}

async function headerOf(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(256), 0, 256, 0);
    return buffer.subarray(0, buffer.subarray(0, bytesRead).indexOf(0) + 1);
  } finally {
    await file.close();
  }
}
