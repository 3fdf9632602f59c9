/** A file in a tar archive. */
export interface ArchivedFile {
  /** ASCII, 99 bytes at most. */
  name: string;
  bytes: number;
  uid: number;
  gid: number;
}

const BLOCK = 512;

/** A tar archive of one file, which only its owner may read. Keeps no chunk; throws where `content` is not `bytes` long. */
export async function* singleFileArchive(
  file: ArchivedFile,
  content: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  yield header(file);
  let bytes = 0;
  for await (const chunk of content) {
    onBytes((bytes += chunk.length));
    yield chunk;
  }
  if (bytes !== file.bytes) throw new Error(`${file.name}: ${bytes} bytes instead of ${file.bytes}`);
  // Up to the next block, and two empty blocks: the end.
  yield Buffer.alloc(((BLOCK - (bytes % BLOCK)) % BLOCK) + 2 * BLOCK);
}

function header({ name, bytes, uid, gid }: ArchivedFile): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, 'latin1');
  number(block, 0o600, 100, 8);
  number(block, uid, 108, 8);
  number(block, gid, 116, 8);
  number(block, bytes, 124, 12);
  number(block, 0, 136, 12);
  block.write('0', 156, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  // The sum is made with blanks in its own place.
  block.fill(' ', 148, 156);
  number(
    block,
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return block;
}

/** Octal digits and a zero byte; a number with too many of them in base 256, as GNU tar writes it. */
function number(block: Buffer, value: number, at: number, length: number): void {
  if (value < 8 ** (length - 1))
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  else {
    block.writeUIntBE(value, at + length - 6, 6);
    block[at] = 0x80;
  }
}
