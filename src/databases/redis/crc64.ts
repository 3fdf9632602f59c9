// The polynomial of RDB files (CRC-64/Jones), reflected, in halves of 32 bits.
const POLYNOMIAL_HIGH = 0x95ac9329;
const POLYNOMIAL_LOW = 0xac4bc9b5;

const HIGH = new Uint32Array(256);
const LOW = new Uint32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let high = 0;
  let low = byte;
  for (let bit = 0; bit < 8; bit++) {
    const carry = low & 1;
    low = ((low >>> 1) | (high << 31)) >>> 0;
    high >>>= 1;
    if (carry === 1) {
      high ^= POLYNOMIAL_HIGH;
      low ^= POLYNOMIAL_LOW;
    }
  }
  HIGH[byte] = high;
  LOW[byte] = low;
}

/** The checksum that Redis and Valkey put at the end of an RDB file, over chunks as they come. */
export class Crc64 {
  #high = 0;
  #low = 0;

  update(chunk: Uint8Array): void {
    let high = this.#high;
    let low = this.#low;
    for (let at = 0; at < chunk.length; at++) {
      const index = (low ^ (chunk[at] as number)) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ (LOW[index] as number);
      high = (high >>> 8) ^ (HIGH[index] as number);
    }
    this.#high = high;
    this.#low = low;
  }

  copy(): Crc64 {
    const other = new Crc64();
    other.#high = this.#high;
    other.#low = this.#low;
    return other;
  }

  /** Its eight bytes, little endian as in the file. */
  digest(): Buffer {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32LE(this.#low >>> 0, 0);
    bytes.writeUInt32LE(this.#high >>> 0, 4);
    return bytes;
  }
}
