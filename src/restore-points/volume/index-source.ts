import { createReadStream, createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress, createZstdDecompress } from 'node:zlib';
import { insideHelper } from '../../docker/helper-container.ts';
import { RewindError } from '../../errors.ts';
import { owned } from './blocks.ts';
import type { Helper } from './helper.ts';
import { requireCodes, type ScriptReport } from './script.ts';
import { canonicalBusybox } from './index-busybox.ts';
import { fieldOf, FIELDS, fileSize, IndexReader, pathOf } from './index-records.ts';
import { INDEX_BUSYBOX, INDEX_GNU, INDEX_PART, LOOK } from './scripts.ts';

export interface TakeIndexOptions {
  /** What people call the volume. */
  key: string;
  slug: string;
  /** Below the volume's root; the root itself by default. */
  below?: string;
  /** Others may write: flush their pages first, and let entries vanish. */
  live: boolean;
}

/** Takes the index of a volume into a file. */
export async function takeIndex(
  helper: Helper,
  file: string,
  options: TakeIndexOptions,
  signal: AbortSignal,
): Promise<void> {
  const write = async (stream: AsyncIterable<Buffer>): Promise<void> => {
    const content = helper.tools === 'gnu' ? owned(stream) : Readable.from(canonicalBusybox(owned(stream)));
    await pipeline(content, createWriteStream(file, { mode: 0o600 }));
  };
  await printIndex(helper, options, 'sort', write, signal);
}

/** The same of a few entries of a volume that is in use, in the order of their names, each ended by NUL; GNU find only. */
export async function takePartOfIndex(
  helper: Helper,
  file: string,
  { key, slug }: TakeIndexOptions,
  names: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<void> {
  const output = (stream: AsyncIterable<Buffer>): Promise<void> =>
    pipeline(owned(stream), createWriteStream(file, { mode: 0o600 }));
  const args = [insideHelper(slug), 'sync', LOOK];
  const { report } = await helper.run(INDEX_PART, args, { input: Readable.from(names), output }, signal);
  requireEntries(report, ['find'], { key, live: true });
}

/** Has a helper print the index of a volume; `cat`: in the order in which entries are found. */
export async function printIndex(
  helper: Helper,
  { key, slug, below, live }: TakeIndexOptions,
  order: 'sort' | 'cat',
  write: (stream: AsyncIterable<Buffer>) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const directory = below === undefined ? insideHelper(slug) : `${insideHelper(slug)}/${below}`;
  const gnu = helper.tools === 'gnu';
  const { report } = await helper.run(
    gnu ? INDEX_GNU : INDEX_BUSYBOX,
    gnu ? [directory, live ? 'sync' : '', order] : [directory],
    { output: write },
    signal,
  );
  requireEntries(report, gnu ? ['find', 'sort'] : ['find'], { key, live });
}

/** Throws where the entries of a volume could not be read; `live`: others may remove some meanwhile. */
export function requireEntries(
  report: ScriptReport,
  programs: readonly string[],
  { key, live }: { key: string; live: boolean },
): void {
  // The last two of an entry that was another one when find looked at it: a link, or a directory.
  const gone = report.messages.every((line) =>
    /: (?:No such file or directory|Not a directory|Invalid argument)$/.test(line),
  );
  requireCodes(report, programs, `reading the entries of ${key}`, (name, code) =>
    name === 'find' && live && gone ? code >= 0 : code === 0,
  );
}

/** What an index says of some entries alone, as an index of its own. */
export async function* only(index: IndexReader, names: ReadonlySet<string>): AsyncGenerator<Buffer> {
  const lines: string[] = [];
  await index.eachLine((line) => {
    if (names.has(pathOf(line))) lines.push(line);
  });
  yield Buffer.from(`//time ${index.takenAt}\0${lines.map((line) => `${line}\0`).join('')}//end\0`, 'latin1');
}

/** An index in a file of ours. */
export function openIndex(file: string): IndexReader {
  // Larger strings would not be young garbage: they stay until all of the memory is gone through.
  return new IndexReader(createReadStream(file, { highWaterMark: 64 * 1024 }));
}

/** An index as a store keeps it. */
export function storedIndex(stored: Readable): IndexReader {
  return new IndexReader(decompressed(stored));
}

/**
 * Everything that a stored file says, in chunks. Damage, and more bytes than `most`, is refused in words of ours. Pieces of
 * `pieces` bytes cost memory, and those of the default three times as much time.
 */
export async function* decompressed(
  stored: Readable,
  most = Infinity,
  pieces = 16 * 1024,
): AsyncGenerator<Buffer> {
  const plain = createZstdDecompress({ chunkSize: pieces });
  const piped = pipeline(stored, plain);
  piped.catch(() => {});
  try {
    let bytes = 0;
    for await (const chunk of plain as AsyncIterable<Buffer>) {
      if ((bytes += chunk.length) > most) throw new Error('it is longer than it can be');
      yield chunk;
    }
    await piped;
  } catch (error) {
    throw new RewindError('DAMAGED', 'a file of the restore point is damaged: it cannot be decompressed', {
      exit: 'refused',
      cause: error,
    });
  }
}

export function compressed(plain: Readable): AsyncIterable<Buffer> {
  const packed = createZstdCompress();
  pipeline(plain, packed).catch((error: Error) => packed.destroy(error));
  return packed;
}

/** The names of an index that an archive takes, each ended by NUL. */
export async function* archivableNames(index: IndexReader): AsyncGenerator<Buffer> {
  let names: string[] = [];
  while (await index.more()) {
    for (let line = index.peek(); line !== undefined; line = index.peek()) {
      index.advance();
      if (fieldOf(line, FIELDS.type) !== 's') names.push(pathOf(line));
    }
    yield nameList(names);
    names = [];
  }
}

/** About how many bytes tar will read for all entries of an index: what files take on the disk, and a header for each. */
export async function archivedBytes(index: IndexReader): Promise<number> {
  let bytes = 0;
  await index.eachLine((line) => {
    bytes += HEADER_BYTES;
    bytes += (fileSize(line)?.blocks ?? 0) * 512;
  });
  return bytes;
}

/** A pax header with nanoseconds, its content, and the header of the entry itself. */
export const HEADER_BYTES = 1536;

/** Names, each ended by NUL, as the bytes that they are on the disk. */
export function nameList(names: readonly string[]): Buffer {
  return Buffer.from(names.map((name) => `${name}\0`).join(''), 'latin1');
}
