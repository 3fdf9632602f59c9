/** The keys of one numbered database, as the RDB file itself announces them. */
export interface RdbDatabase {
  number: number;
  keys: number;
  /** How many of them have a time at which they expire. */
  expiring: number;
}

const EOF = 0xff;
const SELECT = 0xfe;
const EXPIRES_SECONDS = 0xfd;
const EXPIRES_MILLISECONDS = 0xfc;
const RESIZE = 0xfb;
const AUX = 0xfa;
const FREQUENCY = 0xf9;
const IDLE = 0xf8;
const MODULE_AUX = 0xf7;
const FUNCTION = 0xf5;
const SLOT_INFO = 0xf4;

/** How many strings stand for a value of a type: one, or as many times a length in front of them. */
const ONE_STRING = new Set([0, 9, 10, 11, 12, 13, 16, 17, 20]);
const STRINGS_EACH: Readonly<Record<number, number>> = { 1: 1, 2: 1, 4: 2, 14: 1 };

const LONGEST_TEXT = 4096;

type Parser = Generator<void, void, void>;

/**
 * Walks through an RDB file as it comes and counts its keys by database: what the file says before each database is
 * compared with what follows. Values are passed over, never kept. A type of a later version ends the walk: `complete`
 * stays false, and nothing is said about the counts.
 */
export class RdbKeys {
  readonly databases: RdbDatabase[] = [];
  readonly aux = new Map<string, string>();
  /** The walk came to the end mark. */
  complete = false;
  /** What the walk could not read. */
  unknown: string | undefined;
  /** Functions that the file carries besides keys. */
  functions = 0;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;
  #ended = false;
  readonly #parser: Parser;

  constructor() {
    this.#parser = this.#file();
  }

  push(chunk: Uint8Array): void {
    if (this.#ended) return;
    this.#chunk = chunk;
    this.#at = 0;
    this.#ended = this.#parser.next().done === true;
  }

  *#file(): Parser {
    const magic = yield* this.#bytes(9);
    if (!/^(REDIS|VALKEY)\d+$/.test(magic.toString('latin1'))) {
      this.unknown = 'it does not begin as an RDB file';
      return;
    }
    let database: RdbDatabase | undefined;
    let announced: { keys: number; expiring: number } | undefined;
    let expiring = false;
    const settle = (): boolean => {
      if (database === undefined || announced === undefined) return true;
      if (database.keys === announced.keys && database.expiring === announced.expiring) return true;
      this.unknown = `database ${database.number} has other keys than it announces`;
      return false;
    };
    for (;;) {
      const opcode = yield* this.#byte();
      switch (opcode) {
        case EOF:
          this.complete = settle();
          return;
        case SELECT:
          if (!settle()) return;
          database = { number: yield* this.#length(), keys: 0, expiring: 0 };
          announced = undefined;
          this.databases.push(database);
          break;
        case RESIZE:
          announced = { keys: yield* this.#length(), expiring: yield* this.#length() };
          break;
        case AUX: {
          const name = yield* this.#text();
          this.aux.set(name, yield* this.#text());
          break;
        }
        case EXPIRES_SECONDS:
          yield* this.#skip(4);
          expiring = true;
          break;
        case EXPIRES_MILLISECONDS:
          yield* this.#skip(8);
          expiring = true;
          break;
        case FREQUENCY:
          yield* this.#skip(1);
          break;
        case IDLE:
          yield* this.#length();
          break;
        case SLOT_INFO:
          for (let index = 0; index < 3; index++) yield* this.#length();
          break;
        case FUNCTION:
          this.functions++;
          yield* this.#string();
          break;
        case MODULE_AUX:
          yield* this.#length();
          yield* this.#length();
          yield* this.#length();
          if (!(yield* this.#module())) return;
          break;
        default:
          yield* this.#string();
          if (!(yield* this.#value(opcode))) return;
          if (database === undefined) {
            this.unknown = 'a key comes before any database';
            return;
          }
          database.keys++;
          if (expiring) database.expiring++;
          expiring = false;
      }
    }
  }

  /** Passes over a value; false where its type is not known. */
  *#value(type: number): Generator<void, boolean, void> {
    const each = STRINGS_EACH[type];
    if (ONE_STRING.has(type)) yield* this.#string();
    else if (each !== undefined) {
      for (let left = (yield* this.#length()) * each; left > 0; left--) yield* this.#string();
    } else if (type === 3) {
      // A sorted set with scores as text: a length of one byte, of which three mean infinities.
      for (let left = yield* this.#length(); left > 0; left--) {
        yield* this.#string();
        const size = yield* this.#byte();
        if (size < 253) yield* this.#skip(size);
      }
    } else if (type === 5) {
      for (let left = yield* this.#length(); left > 0; left--) {
        yield* this.#string();
        yield* this.#skip(8);
      }
    } else if (type === 18) {
      for (let left = yield* this.#length(); left > 0; left--) {
        yield* this.#length();
        yield* this.#string();
      }
    } else if (type === 7) {
      yield* this.#length();
      return yield* this.#module();
    } else if (type === 15 || type === 19 || type === 21) yield* this.#stream(type);
    else {
      this.unknown = `values of type ${type} are of a later version`;
      return false;
    }
    return true;
  }

  *#stream(type: number): Parser {
    for (let left = yield* this.#length(); left > 0; left--) {
      yield* this.#string();
      yield* this.#string();
    }
    const numbers = type === 15 ? 3 : 8;
    for (let index = 0; index < numbers; index++) yield* this.#length();
    for (let groups = yield* this.#length(); groups > 0; groups--) {
      yield* this.#string();
      for (let index = 0; index < (type === 15 ? 2 : 3); index++) yield* this.#length();
      // Entries that were given out: id, time, and how often.
      for (let left = yield* this.#length(); left > 0; left--) {
        yield* this.#skip(24);
        yield* this.#length();
      }
      for (let consumers = yield* this.#length(); consumers > 0; consumers--) {
        yield* this.#string();
        yield* this.#skip(type === 21 ? 16 : 8);
        for (let left = yield* this.#length(); left > 0; left--) yield* this.#skip(16);
      }
    }
  }

  /** What a module wrote: parts that say their kind, until a zero. */
  *#module(): Generator<void, boolean, void> {
    for (;;) {
      const part = yield* this.#length();
      if (part === 0) return true;
      if (part === 1 || part === 2) yield* this.#length();
      else if (part === 3) yield* this.#skip(4);
      else if (part === 4) yield* this.#skip(8);
      else if (part === 5) yield* this.#string();
      else {
        this.unknown = 'a module wrote something unknown';
        return false;
      }
    }
  }

  *#string(): Parser {
    const first = yield* this.#byte();
    if (first >> 6 !== 3) yield* this.#skip(yield* this.#lengthAfter(first));
    else yield* this.#encoded(first & 0x3f);
  }

  /** Integers of one, two and four bytes, and what is compressed. */
  *#encoded(encoding: number): Parser {
    if (encoding < 3) return yield* this.#skip(1 << encoding);
    const compressed = yield* this.#length();
    yield* this.#length();
    yield* this.#skip(compressed);
  }

  /** A short string that is wanted; a compressed one is passed over. */
  *#text(): Generator<void, string, void> {
    const first = yield* this.#byte();
    if (first >> 6 !== 3) {
      const size = yield* this.#lengthAfter(first);
      if (size <= LONGEST_TEXT) return (yield* this.#bytes(size)).toString('utf8');
      yield* this.#skip(size);
      return '';
    }
    const encoding = first & 0x3f;
    if (encoding < 3) {
      const size = 1 << encoding;
      return String((yield* this.#bytes(size)).readIntLE(0, size));
    }
    yield* this.#encoded(encoding);
    return '';
  }

  *#length(): Generator<void, number, void> {
    return yield* this.#lengthAfter(yield* this.#byte());
  }

  *#lengthAfter(first: number): Generator<void, number, void> {
    if (first >> 6 === 0) return first & 0x3f;
    if (first >> 6 === 1) return ((first & 0x3f) << 8) | (yield* this.#byte());
    if (first === 0x80) return (yield* this.#bytes(4)).readUInt32BE(0);
    return Number((yield* this.#bytes(8)).readBigUInt64BE(0));
  }

  *#byte(): Generator<void, number, void> {
    while (this.#at >= this.#chunk.length) yield;
    return this.#chunk[this.#at++] as number;
  }

  *#bytes(count: number): Generator<void, Buffer, void> {
    const taken = Buffer.alloc(count);
    for (let index = 0; index < count; index++) taken[index] = yield* this.#byte();
    return taken;
  }

  *#skip(count: number): Parser {
    let left = count;
    while (left > this.#chunk.length - this.#at) {
      left -= this.#chunk.length - this.#at;
      this.#at = this.#chunk.length;
      yield;
    }
    this.#at += left;
  }
}
