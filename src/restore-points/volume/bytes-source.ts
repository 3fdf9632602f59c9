/** Bytes that come in chunks, taken in the pieces that somebody wants. A chunk may be used until the next one is asked for. */
export class BytesSource {
  readonly #chunks: AsyncIterator<Buffer>;
  #chunk: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** So many bytes, in memory of their own; fewer at the end. */
  async take(bytes: number): Promise<Buffer> {
    const taken: Buffer[] = [];
    for await (const piece of this.pieces(bytes)) taken.push(Buffer.from(piece));
    return Buffer.concat(taken);
  }

  /** So many bytes as they come; fewer at the end. */
  async *pieces(bytes: number): AsyncGenerator<Buffer> {
    for (let left = bytes; left > 0;) {
      if (this.#chunk.length === 0) {
        const { value, done } = await this.#chunks.next();
        if (done === true) return;
        this.#chunk = value as Buffer;
      }
      const piece = this.#chunk.subarray(0, left);
      this.#chunk = this.#chunk.subarray(piece.length);
      left -= piece.length;
      if (piece.length > 0) yield piece;
    }
  }

  /** Passes over so many bytes. */
  async skip(bytes: number): Promise<void> {
    for await (const _ of this.pieces(bytes)) continue;
  }

  /** Reads no further, and gives back what it read from. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
