import { createHash } from 'node:crypto';

/** Files are compared, and what changed in them is kept, in blocks of so many bytes. */
export const BLOCK = 64 * 1024;

export const ZEROS: Buffer = Buffer.alloc(BLOCK);

/** The SHA-256 of what a file holds, whatever of it are holes: of all blocks that are not zeros, each after its number. */
export class ContentDigest {
  readonly #hash = createHash('sha256');
  readonly #number = Buffer.alloc(8);

  /** The next block, counted from the beginning of the file; what is behind the file's end are zeros. */
  add(number: number, block: Buffer): void {
    if (block.equals(ZEROS)) return;
    this.#number.writeBigUInt64LE(BigInt(number));
    this.#hash.update(this.#number).update(block);
  }

  /** In hexadecimal. */
  end(): string {
    return this.#hash.digest('hex');
  }
}
