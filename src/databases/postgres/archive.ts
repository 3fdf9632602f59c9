/**
 * Looks at what pg_dump writes with --format=custom while it goes by, without keeping it: a header, a table of contents, and
 * for each entry with data one block of it. The format has no mark of its end, so an archive is whole when it ends after
 * a block and every entry has had its block. pg_restore finds the rest missing only when it is too late.
 */
export class ArchiveCheck {
  readonly #missing = new Set<number>();
  readonly #walk: Generator<number, void, Buffer>;
  /** Bytes that the walk waits for; negative: so many are passed over. */
  #wants: number;
  #held: Buffer = EMPTY;
  #state: 'under way' | 'between' | 'unknown' | 'foreign' = 'under way';

  constructor() {
    this.#walk = this.#archive();
    this.#wants = this.#walk.next().value ?? 0;
  }

  /** What is wrong with an archive that ends here, `was cut off before its end`; undefined where it is whole. */
  get problem(): string | undefined {
    if (this.#state === 'unknown') return undefined;
    if (this.#state === 'foreign') return 'is not what pg_dump writes';
    const ended = this.#state === 'between' && this.#held.length === 0;
    return ended && this.#missing.size === 0 ? undefined : 'was cut off before its end';
  }

  /** The next piece, of any size. */
  take(chunk: Uint8Array): void {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    while (rest.length > 0 && this.#state !== 'unknown' && this.#state !== 'foreign') {
      if (this.#wants < 0) {
        const passed = Math.min(rest.length, -this.#wants);
        rest = rest.subarray(passed);
        this.#wants += passed;
        if (this.#wants === 0) this.#go(EMPTY);
        continue;
      }
      const lacking = this.#wants - this.#held.length;
      const piece = rest.subarray(0, lacking);
      rest = rest.subarray(piece.length);
      if (piece.length < lacking) this.#held = Buffer.concat([this.#held, piece]);
      else this.#go(this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]));
    }
  }

  #go(found: Buffer): void {
    this.#held = EMPTY;
    this.#wants = this.#walk.next(found).value ?? 0;
  }

  *#archive(): Generator<number, void, Buffer> {
    const head = yield 11;
    const [major = 0, minor = 0, , intSize = 0, offsetSize = 0, format = 0] = head.subarray(MAGIC.length);
    if (!head.subarray(0, MAGIC.length).equals(MAGIC) || format !== CUSTOM || intSize < 4 || intSize > 6) {
      this.#state = 'foreign';
      return;
    }
    // What later versions write nobody knows here.
    if (major !== 1 || minor < 12 || minor > 16) {
      this.#state = 'unknown';
      return;
    }
    const int = function* (): Generator<number, number, Buffer> {
      const bytes = yield 1 + intSize;
      const value = bytes.readUIntLE(1, intSize);
      return bytes[0] === 0 ? value : -value;
    };
    const skip = function* (size: number): Generator<number, void, Buffer> {
      if (size > 0) yield -size;
    };
    /** Whether there is one. */
    const text = function* (): Generator<number, boolean, Buffer> {
      const length = yield* int();
      yield* skip(length);
      return length >= 0;
    };
    // Compression, seven fields of a time, the database, the versions of server and tool.
    yield* skip((minor >= 15 ? 1 : 1 + intSize) + 7 * (1 + intSize));
    for (let texts = 3; texts > 0; texts -= 1) yield* text();

    for (let entries = yield* int(); entries > 0; entries -= 1) {
      const id = yield* int();
      if ((yield* int()) !== 0) this.#missing.add(id);
      // Table's OID, OID, tag, kind; section; definition, removal, COPY, schema, tablespace, access method.
      for (let texts = 4; texts > 0; texts -= 1) yield* text();
      yield* int();
      for (let texts = minor >= 14 ? 6 : 5; texts > 0; texts -= 1) yield* text();
      if (minor >= 16) yield* int();
      // Owner, OIDs; what it depends on; the place of its data.
      for (let texts = 2; texts > 0; texts -= 1) yield* text();
      while (yield* text()) continue;
      yield* skip(1 + offsetSize);
    }

    const pieces = function* (): Generator<number, void, Buffer> {
      for (let size = yield* int(); size > 0; size = yield* int()) yield* skip(size);
    };
    for (;;) {
      this.#state = 'between';
      const [kind] = yield 1;
      this.#state = 'under way';
      const id = yield* int();
      if (kind === ROWS) yield* pieces();
      else if (kind === LARGE_OBJECTS) while ((yield* int()) !== 0) yield* pieces();
      else break;
      if (!this.#missing.delete(id)) break;
    }
    this.#state = 'foreign';
  }
}

const EMPTY = Buffer.alloc(0);
const MAGIC = Buffer.from('PGDMP');
const CUSTOM = 1;
const ROWS = 1;
const LARGE_OBJECTS = 3;
