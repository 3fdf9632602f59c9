import { NameList } from './name-list.ts';
import { ctimeOf, parseRecord, pathOf, type IndexReader, type IndexRecord } from './index-records.ts';

/** What has to be done to make the volume of one index that of a later one. */
export interface Difference {
  /** To be archived: what is new or may have changed, and the directories above it and above what went. */
  changed: NameList;
  /** To be removed first: what is gone, or is of another type now. */
  deleted: NameList;
  /** Bytes of the files that are to be archived, as they lie on the disk. */
  bytes: number;
  /** A directory became a link: what was archived meanwhile may have been read, and lie, behind that link. */
  linkForDirectory: boolean;
}

// The kernel stamps files from a clock that may lag by a tick; file systems without nanoseconds by two seconds.
const TICK_SECONDS = 0.02;
const COARSE_SECONDS = 2;

export interface DifferenceOptions {
  /** Where names go that are too many for the memory: the beginning of the names of files of ours. */
  spill: string;
  /** Where more bytes than that are to be archived the difference is of no interest. */
  most?: number;
}

/**
 * Compares two indexes of one volume; `after` is read twice where names of one file changed. An entry that changed so
 * close to the earlier index that a later change could bear the same time counts as changed. Memory grows with the
 * directories that changed, not with the volume. Undefined where it has more than `most` bytes.
 */
export function differenceOf(
  before: IndexReader,
  after: () => IndexReader,
  options: DifferenceOptions & { most?: undefined },
): Promise<Difference>;
export function differenceOf(
  before: IndexReader,
  after: () => IndexReader,
  options: DifferenceOptions,
): Promise<Difference | undefined>;
export async function differenceOf(
  before: IndexReader,
  after: () => IndexReader,
  { spill, most = Infinity }: DifferenceOptions,
): Promise<Difference | undefined> {
  const difference: Difference = {
    changed: new NameList(`${spill}.changed`),
    deleted: new NameList(`${spill}.deleted`),
    bytes: 0,
    linkForDirectory: false,
  };
  /** Files with several names of which one is to be archived, with those names. */
  const linked = new Map<string, Set<string>>();
  const directories = new Set<string>();
  const gone = new Set<string>();
  const needed = new Set<string>();
  const change = (entry: IndexRecord): void => {
    if (entry.type === 's') return;
    difference.changed.add(entry.path);
    if (entry.type === 'd') directories.add(entry.path);
    if (entry.type === 'f') difference.bytes += entry.blocks * 512;
    if (entry.type !== 'd' && entry.links > 1)
      linked.set(entry.inode, (linked.get(entry.inode) ?? new Set()).add(entry.path));
    above(entry.path, needed);
  };
  const remove = (entry: IndexRecord): void => {
    difference.deleted.add(entry.path);
    if (entry.type === 'd') gone.add(entry.path);
    above(entry.path, needed);
  };
  const now = after();
  for await (const [old, present] of merged(before, now, unchangedSince(before))) {
    if (present === undefined) remove(old as IndexRecord);
    else if (old === undefined) change(present);
    else if (old.type !== present.type) {
      remove(old);
      change(present);
      difference.linkForDirectory ||= old.type === 'd' && present.type === 'l';
    } else change(present);
    if (difference.bytes <= most) continue;
    await closed(before, now);
    return undefined;
  }
  // A name can be new without a trace at the others (the directory that it is in was renamed): they belong together.
  if (linked.size > 0) {
    const again = after();
    for (let entry = await again.next(); entry !== undefined; entry = await again.next()) {
      const names = entry.type === 'd' || entry.links < 2 ? undefined : linked.get(entry.inode);
      if (names !== undefined && !names.has(entry.path)) change(entry);
    }
  }
  // Directories that only lead to what changed get their times back, too.
  for (const path of needed) if (!directories.has(path) && !gone.has(path)) difference.changed.add(path);
  return difference;
}

/** Whether nothing differs between two indexes of one volume. Reads no further than to the first difference. */
export async function isSame(before: IndexReader, after: IndexReader): Promise<boolean> {
  for await (const [old, now] of merged(before, after, unchangedSince(before))) {
    // No archive can hold a socket: neither a new one nor another one in its place is a change.
    if (now?.type === 's' && (old?.type ?? 's') === 's') continue;
    await closed(before, after);
    return false;
  }
  return true;
}

const unchangedSince =
  (before: IndexReader) =>
  (old: string, now: string): boolean =>
    old === now && !isTooFresh(ctimeOf(now), before.takenAt);

async function closed(...indexes: IndexReader[]): Promise<void> {
  await Promise.all(indexes.map((index) => index.close()));
}

/** Whether a change after the index could have left the line of an entry with this ctime as it is. */
function isTooFresh(ctime: string, takenAt: number): boolean {
  const coarse = !ctime.includes('.') || /\.0*$/.test(ctime);
  return Number(ctime) >= takenAt - (coarse ? COARSE_SECONDS : TICK_SECONDS);
}

function above(path: string, into: Set<string>): void {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const parent = path.slice(0, end);
    if (into.has(parent)) return;
    into.add(parent);
  }
}

/**
 * Walks two sorted indexes side by side; an entry that only one has comes alone. Pairs of records, as they were written, of
 * which `alike` says that nothing has to be said are passed over: that is nearly all of them, and costs next to nothing.
 */
export async function* merged(
  left: IndexReader,
  right: IndexReader,
  alike: (left: string, right: string) => boolean = () => false,
): AsyncGenerator<[IndexRecord | undefined, IndexRecord | undefined]> {
  for (;;) {
    let a = left.peek() ?? ((await left.more()) ? left.peek() : undefined);
    let b = right.peek() ?? ((await right.more()) ? right.peek() : undefined);
    while (a !== undefined && b !== undefined && alike(a, b)) {
      left.advance();
      right.advance();
      a = left.peek();
      b = right.peek();
    }
    // One of them has to be read on.
    if ((a === undefined || b === undefined) && (await anyMore(left, a, right, b))) continue;
    if (a === undefined && b === undefined) return;
    const order = a === undefined ? 1 : b === undefined ? -1 : compare(pathOf(a), pathOf(b));
    yield [
      order <= 0 && a !== undefined ? take(left, a) : undefined,
      order >= 0 && b !== undefined ? take(right, b) : undefined,
    ];
  }
}

async function anyMore(
  left: IndexReader,
  a: string | undefined,
  right: IndexReader,
  b: string | undefined,
): Promise<boolean> {
  return (a === undefined && (await left.more())) || (b === undefined && (await right.more()));
}

function take(index: IndexReader, line: string): IndexRecord {
  index.advance();
  return parseRecord(line);
}

/** The order of the bytes of whole records, which is how the helper sorts them. */
function compare(a: string, b: string): number {
  const [left, right] = [`${a}//`, `${b}//`];
  return left < right ? -1 : left > right ? 1 : 0;
}
