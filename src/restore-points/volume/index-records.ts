import { RewindError } from '../../errors.ts';

/** One entry of a volume index. Names and link targets are Latin-1 strings: one character for each byte on disk. */
export interface IndexRecord {
  /** `.` for the root, else `./a/b`. */
  path: string;
  type: 'f' | 'd' | 'l' | 'p' | 's' | 'b' | 'c';
  /** Permission bits, octal. */
  mode: string;
  uid: string;
  gid: string;
  /** Bytes. */
  size: number;
  /** Blocks of 512 bytes on the disk. */
  blocks: number;
  /** Hard links. */
  links: number;
  inode: string;
  /** `seconds.nanoseconds` with 9 digits, or whole seconds. */
  mtime: string;
  ctime: string;
  /** A link's target; `major:minor` of a device in hexadecimal. */
  target: string;
}

/** Longer than any path can be. */
const LONGEST_RECORD = 1024 * 1024;

/** Reads records from the bytes that an index script printed or that a store kept. */
export class IndexReader {
  /** When the index was begun, in seconds; a file written later may look the same and be another. */
  takenAt = 0;
  readonly #source: AsyncIterator<Buffer>;
  #rest = '';
  #queue: string[] = [];
  #position = 0;
  #ended = false;

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next entry in the order of paths; undefined at the end. Throws for an index that is cut or damaged. */
  async next(): Promise<IndexRecord | undefined> {
    const line = this.peek() ?? ((await this.more()) ? this.peek() : undefined);
    if (line === undefined) return undefined;
    this.advance();
    return parseRecord(line);
  }

  /**
   * The next record as it was written, and not read any further; undefined where `more` has to be asked. What needs little
   * of many records takes it from these: parsing each of them takes longer than anything else.
   */
  peek(): string | undefined {
    for (let line = this.#queue[this.#position]; line !== undefined; line = this.#queue[this.#position]) {
      if (!line.startsWith('//')) {
        if (this.#ended) throw damaged('it goes on after its end');
        return line;
      }
      this.#header(line);
      this.#position++;
    }
    return undefined;
  }

  advance(): void {
    this.#position++;
  }

  /** Every record that is left, as it was written. */
  async eachLine(work: (line: string) => void): Promise<void> {
    while (await this.more()) {
      for (let line = this.peek(); line !== undefined; line = this.peek()) {
        this.advance();
        work(line);
      }
    }
  }

  /** Whether there is another record, which `peek` then has. */
  async more(): Promise<boolean> {
    while (this.peek() === undefined) if (!(await this.#fill())) return false;
    return true;
  }

  /** Reads no further, and gives back what it read from. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }

  async #fill(): Promise<boolean> {
    const { value, done } = await this.#source.next();
    if (done === true) {
      if (this.#rest !== '' || !this.#ended) throw damaged('it is cut off');
      return false;
    }
    const parts = (this.#rest + (value as Buffer).toString('latin1')).split('\0');
    this.#rest = parts.pop() ?? '';
    if (this.#rest.length > LONGEST_RECORD) throw damaged('a record of it has no end');
    this.#queue = parts;
    this.#position = 0;
    return true;
  }

  #header(line: string): void {
    if (line === '//end') this.#ended = true;
    else if (line.startsWith('//time ')) this.takenAt = Number(line.slice(7));
    else throw damaged('it has a line that is none');
  }
}

/** The path of a record that is not read any further. */
export const pathOf = (line: string): string => line.slice(0, line.indexOf('//'));

/** One field of a record that is not read any further, counted from 0 for its type. */
export function fieldOf(line: string, field: number): string {
  let start = line.indexOf('//') + 2;
  for (let skipped = 0; skipped < field; skipped++) start = line.indexOf(' ', start) + 1;
  return line.slice(start, line.indexOf(' ', start));
}

/** For `fieldOf`. */
export const FIELDS = { type: 0, size: 4, blocks: 5, inode: 7, ctime: 9 } as const;

/** Bytes and blocks of a plain file's record that is not read any further, and its links; undefined for other entries. */
export function fileSize(line: string): { bytes: number; blocks: number; links: number } | undefined {
  const type = line.indexOf('//') + 2;
  if (line[type] !== 'f') return undefined;
  let start = line.indexOf(' ', type);
  for (let skipped = FIELDS.type + 1; skipped < FIELDS.size; skipped++) start = line.indexOf(' ', start + 1);
  const bytes = line.indexOf(' ', start + 1);
  const blocks = line.indexOf(' ', bytes + 1);
  const links = line.indexOf(' ', blocks + 1);
  return {
    bytes: Number(line.slice(start + 1, bytes)),
    blocks: Number(line.slice(bytes + 1, blocks)),
    links: Number(line.slice(blocks + 1, links)),
  };
}

/** The ctime of a record that is not read any further. */
export function ctimeOf(line: string): string {
  // Only links and devices have something behind it, in which there may be spaces.
  const type = line[line.indexOf('//') + 2];
  if (type !== 'f' && type !== 'd') return fieldOf(line, FIELDS.ctime);
  return line.slice(line.lastIndexOf(' ', line.length - 2) + 1, -1);
}

const TYPES = 'fdlpsbc';
/** Mode, uid, gid, size, blocks, links, inode. */
const NUMBERS = /^[0-7]{1,6}( [0-9]{1,20}){6}$/;
const TIME = /^-?[0-9]{1,20}(\.[0-9]*)?$/;

export function parseRecord(line: string): IndexRecord {
  const end = line.indexOf('//');
  const fields = line.slice(end + 2).split(' ');
  const [type = '', mode = '', uid = '', gid = '', size, blocks, links, inode = '', mtime = '', ctime = ''] =
    fields;
  const path = line.slice(0, end);
  if (end < 1 || fields.length < 11 || type.length !== 1 || !TYPES.includes(type))
    throw damaged('a record is no record');
  if (!NUMBERS.test(fields.slice(1, 8).join(' ')) || ![mtime, ctime].every((text) => TIME.test(text)))
    throw damaged('a record has something else for a number');
  if (path !== '.' && !isSafePath(path)) throw damaged('it names something outside the volume');
  return {
    path,
    type: type as IndexRecord['type'],
    mode,
    uid,
    gid,
    size: Number(size),
    blocks: Number(blocks),
    links: Number(links),
    inode,
    mtime: time(mtime),
    ctime: time(ctime),
    target: fields.slice(10).join(' '),
  };
}

/** `./a/b`: below the root, and never out of it. */
export function isSafePath(path: string): boolean {
  return (
    path.startsWith('./') &&
    path
      .slice(2)
      .split('/')
      .every((part) => part !== '' && part !== '.' && part !== '..')
  );
}

/** find prints ten digits after the point, stat nine. */
function time(text: string): string {
  const point = text.indexOf('.');
  return point < 0 ? text : text.slice(0, point + 10);
}

function damaged(why: string): RewindError {
  return new RewindError('DAMAGED', `the volume index is damaged: ${why}`, {
    exit: 'refused',
    hint: 'docker rewind list shows the restore points',
  });
}
