import { checksumOf, padding, UNIT } from '../../tar-header.ts';
import { BytesSource } from './bytes-source.ts';

/** Part of a sparse file that is no hole. */
interface Extent {
  offset: number;
  bytes: number;
}

/** One member of an archive in the POSIX format as GNU tar writes it; holes as its sparse format 1.0 has them. */
export interface TarMember {
  /** Latin-1, as it stands in the archive. */
  name: string;
  /** `0`: a plain file. */
  type: string;
  /** Permission bits. */
  mode: number;
  uid: string;
  gid: string;
  /** Seconds since 1970, with as many decimals as the archive has. */
  mtime: string;
  /** Bytes of the file, its holes counted. */
  size: number;
  /** Extended attributes and ACLs, as the archive has them, in one text. */
  attributes: string;
  /** The file's data without its holes, in order; can be asked for once, before the next member. */
  data: () => AsyncGenerator<{ offset: number; piece: Buffer }>;
}

/** What a tar archive holds that cannot be read here. */
export class UnreadableTar extends Error {}

/**
 * Reads an archive member by member; what nobody asks for is passed over. Throws UnreadableTar. The libraries for it read names
 * as UTF-8, which they need not be, and know nothing of holes.
 */
export async function* readTar(archive: AsyncIterable<Buffer>): AsyncGenerator<TarMember> {
  const source = new BytesSource(archive);
  try {
    yield* members(source);
    // Whoever writes it would die of a broken pipe: the end mark is padded.
    await source.skip(Infinity);
  } finally {
    await source.close();
  }
}

async function* members(source: BytesSource): AsyncGenerator<TarMember> {
  let records = new Map<string, string>();
  for (;;) {
    const header = await source.take(UNIT);
    if (header.every((byte) => byte === 0)) {
      if (header.length < UNIT) throw new UnreadableTar('it is cut off');
      return;
    }
    if (header.length < UNIT || checksumOf(header) !== octal(header, 148, 8))
      throw new UnreadableTar('a header is none');
    const type = String.fromCharCode(header[156] ?? 0);
    const stored = Number(records.get('size') ?? octal(header, 124, 12));
    if (type === 'x') {
      records = paxRecords(await source.take(stored));
      await source.skip(padding(stored));
      continue;
    }
    // Links and directories may state a size, and have no content.
    const content = type === '0' || type === '\0' || type === 'g' ? stored : 0;
    let left = content;
    const pieces = async function* (bytes: number): AsyncGenerator<Buffer> {
      for await (const piece of source.pieces(Math.min(bytes, left))) {
        left -= piece.length;
        yield piece;
      }
    };
    if (type !== 'g') yield member(header, type, records, content, pieces);
    records = new Map();
    await source.skip(left + padding(content));
  }
}

function member(
  header: Buffer,
  type: string,
  records: ReadonlyMap<string, string>,
  content: number,
  pieces: (bytes: number) => AsyncGenerator<Buffer>,
): TarMember {
  const sparse = records.get('GNU.sparse.major') !== undefined;
  if (sparse && records.get('GNU.sparse.major') !== '1')
    throw new UnreadableTar('its holes are of a format of old');
  return {
    name: records.get('GNU.sparse.name') ?? records.get('path') ?? nameIn(header),
    type: type === '\0' ? '0' : type,
    mode: octal(header, 100, 8) & 0o7777,
    uid: records.get('uid') ?? String(octal(header, 108, 8)),
    gid: records.get('gid') ?? String(octal(header, 116, 8)),
    mtime: records.get('mtime') ?? String(octal(header, 136, 12)),
    size: Number(records.get('GNU.sparse.realsize') ?? content),
    attributes: [...records]
      .filter(([key]) => key.startsWith('SCHILY.'))
      .map(([key, value]) => `${key}=${value}`)
      .sort()
      .join('\0'),
    data: async function* () {
      const extents = sparse ? await extentsOf(pieces) : [{ offset: 0, bytes: content }];
      for (const { offset, bytes } of extents) {
        let at = offset;
        for await (const piece of pieces(bytes)) {
          yield { offset: at, piece };
          at += piece.length;
        }
        if (at < offset + bytes) throw new UnreadableTar('it is cut off');
      }
    },
  };
}

/** The map before a sparse file's data: decimal numbers, a line each, padded to a unit. */
async function extentsOf(pieces: (bytes: number) => AsyncGenerator<Buffer>): Promise<Extent[]> {
  const numbers: number[] = [];
  let text = '';
  const more = async (): Promise<void> => {
    let unit = 0;
    for await (const piece of pieces(UNIT)) {
      text += piece.toString('latin1');
      unit += piece.length;
    }
    if (unit < UNIT) throw new UnreadableTar('it is cut off');
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    numbers.push(...lines.map(Number));
  };
  await more();
  const [count = 0] = numbers;
  while (numbers.length < 1 + 2 * count) await more();
  const extents: Extent[] = [];
  for (let n = 0; n < count; n++) {
    const [offset = 0, bytes = 0] = numbers.slice(1 + 2 * n, 3 + 2 * n);
    extents.push({ offset, bytes });
  }
  return extents;
}

/** `LENGTH KEY=VALUE\n`, as often as there are records; values may hold any byte. */
function paxRecords(content: Buffer): Map<string, string> {
  const text = content.toString('latin1');
  const records = new Map<string, string>();
  for (let start = 0; start < text.length;) {
    const space = text.indexOf(' ', start);
    const length = Number(text.slice(start, space));
    const equals = text.indexOf('=', space);
    if (space < 0 || equals < 0 || !(length > 0)) throw new UnreadableTar('an extended header is none');
    records.set(text.slice(space + 1, equals), text.slice(equals + 1, start + length - 1));
    start += length;
  }
  return records;
}

function nameIn(header: Buffer): string {
  const field = (start: number, length: number): string =>
    header.toString('latin1', start, start + length).split('\0')[0] ?? '';
  const prefix = field(345, 155);
  return prefix === '' ? field(0, 100) : `${prefix}/${field(0, 100)}`;
}

function octal(header: Buffer, start: number, length: number): number {
  return Number.parseInt(header.toString('latin1', start, start + length).trim() || '0', 8) || 0;
}
