import type { RewindError } from '../../errors.ts';
import { Crc64 } from './crc64.ts';
import { RdbKeys } from './rdb-keys.ts';

/** What a whole RDB file turned out to be. */
export interface RdbReport {
  bytes: number;
  /** The number behind its magic: which servers can read it. */
  format: number;
  /** False where the server was told to write no checksums (`rdbchecksum no`). */
  checksummed: boolean;
  keys: RdbKeys;
}

const CHECKSUM_BYTES = 8;
// A server that streams without knowing the size ends with a mark that it invents; redis-cli passes it on.
const MARK_BYTES = 40;
const HELD_BACK = CHECKSUM_BYTES + MARK_BYTES + 1;
const EOF = 0xff;

/**
 * Passes an RDB file on as it comes, without what may follow it, and checks it: the magic, the end mark and the
 * checksum over every byte. Throws what `failed` makes of the reason where it is empty, cut or damaged; `done` hears
 * of the result.
 */
export async function* checkedRdb(
  source: AsyncIterable<Uint8Array>,
  done: (report: RdbReport) => void,
  failed: (why: string) => RewindError,
): AsyncGenerator<Buffer> {
  const keys = new RdbKeys();
  const crc = new Crc64();
  let held: Buffer = Buffer.alloc(0);
  let head = Buffer.alloc(0);
  let bytes = 0;
  for await (const piece of source) {
    const chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    if (head.length < 16) head = Buffer.concat([head, chunk.subarray(0, 16)]);
    keys.push(chunk);
    const all = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const free = Math.max(0, all.length - HELD_BACK);
    // A copy: the stream may use its buffer again.
    held = Buffer.from(all.subarray(free));
    if (free === 0) continue;
    const sure = all.subarray(0, free);
    crc.update(sure);
    bytes += free;
    yield sure;
  }
  const magic = /^(?:REDIS|VALKEY)(\d+)/.exec(head.subarray(0, 9).toString('latin1'));
  if (magic === null) throw failed(head.length === 0 ? 'it is empty' : 'it does not begin as an RDB file');
  const end = endOf(held, crc, keys);
  if (end === undefined) throw failed('it is cut off or damaged: its end mark or checksum is wrong');
  yield held.subarray(0, end.length);
  done({ bytes: bytes + end.length, format: Number(magic[1]), checksummed: end.checksummed, keys });
}

/** Where the file ends in its last bytes: right at the end, or in front of the mark of a stream. */
function endOf(
  held: Buffer,
  before: Crc64,
  keys: RdbKeys,
): { length: number; checksummed: boolean } | undefined {
  for (const length of [held.length, held.length - MARK_BYTES]) {
    if (length < CHECKSUM_BYTES + 1) continue;
    const body = held.subarray(0, length - CHECKSUM_BYTES);
    if (body.at(-1) !== EOF) continue;
    if (length < held.length && !/^[0-9a-f]{40}$/.test(held.subarray(length).toString('latin1'))) continue;
    const stored = held.subarray(length - CHECKSUM_BYTES, length);
    const crc = before.copy();
    crc.update(body);
    if (crc.digest().equals(stored)) return { length, checksummed: true };
    // Without a checksum, only having read every key up to the end mark says that all is there.
    if (stored.every((byte) => byte === 0) && keys.complete) return { length, checksummed: false };
  }
  return undefined;
}
