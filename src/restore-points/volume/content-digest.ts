import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** Files are compared, and what changed in them is kept, in blocks of so many bytes. */
export const BLOCK = 64 * 1024;

export const ZEROS: Buffer = Buffer.alloc(BLOCK);

/**
 * Tells what a file holds, whatever of it are holes: the SHA-256 of the number (8 bytes) and the CRC-32 (4 bytes), both with
 * the lowest byte first, of each block that is not zeros. The archives have checksums that nobody can forge; this is to find
 * what was put together wrongly, at a third of the time that SHA-256 of everything takes.
 */
export class ContentDigest {
  readonly #hash = createHash('sha256');
  readonly #entry = Buffer.alloc(12);

  /** The next block, counted from the beginning of the file; what is behind the file's end are zeros. */
  add(number: number, block: Buffer): void {
    if (block.equals(ZEROS)) return;
    this.#entry.writeBigUInt64LE(BigInt(number));
    this.#entry.writeUInt32LE(crc32(block), 8);
    this.#hash.update(this.#entry);
  }

  /** In hexadecimal. */
  end(): string {
    return this.#hash.digest('hex');
  }
}
