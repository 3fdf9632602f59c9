import { NameList } from './name-list.ts';
import { areLarge, type LargeFile } from './large-file.ts';
import { merged, type Pair } from './index-pairs.ts';
import { HEADER_BYTES, nameList } from './index-source.ts';
import { ctimeOf, fileSize, parseRecord, type IndexReader, type IndexRecord } from './index-records.ts';

/** What has to be done to make the volume of one index that of a later one. */
export interface Difference {
  /** To be archived: what is new or may have changed, and the directories above it and above what went. */
  changed: NameList;
  /** To be removed first: what is gone, or is of another type now. */
  deleted: NameList;
  /** Of what changed, files that may be kept by the parts that changed: they are not in `changed`. */
  large: LargeFile[];
  /** Bytes of the files that are to be archived, as they lie on the disk. */
  bytes: number;
  /** About what those that are archived again or removed took in an archive of the earlier index, in bytes. */
  replaced: number;
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
  /** Files of which parts may be kept are told apart. */
  large?: boolean;
}

/** The two indexes of a comparison. */
export interface Indexes {
  before: IndexReader;
  /** From its beginning, each time. */
  after: () => IndexReader;
  /** Brings their records together. By default both are in the order of their bytes. */
  pair?: Pair;
}

/**
 * Compares two indexes of one volume; `after` is read twice where names of one file changed. An entry that changed so
 * close to the earlier index that a later change could bear the same time counts as changed. Memory grows with the
 * directories that changed, not with the volume. Undefined where it has more than `most` bytes.
 */
export function differenceOf(
  indexes: Indexes,
  options: DifferenceOptions & { most?: undefined },
): Promise<Difference>;
export function differenceOf(indexes: Indexes, options: DifferenceOptions): Promise<Difference | undefined>;
export async function differenceOf(
  { before, after, pair = merged }: Indexes,
  { spill, most = Infinity, large = false }: DifferenceOptions,
): Promise<Difference | undefined> {
  const difference: Difference = {
    changed: new NameList(`${spill}.changed`),
    deleted: new NameList(`${spill}.deleted`),
    large: [],
    bytes: 0,
    replaced: 0,
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
  const replace = (entry: IndexRecord): void => {
    difference.replaced += HEADER_BYTES + (entry.type === 'f' ? entry.blocks * 512 : 0);
  };
  const now = after();
  for await (const [old, present] of pair(before, now, unchangedSince(before))) {
    if (large && old !== undefined && present !== undefined && areLarge(old, present)) {
      difference.large.push({ path: present.path, bytes: present.blocks * 512 });
      above(present.path, needed);
      continue;
    }
    if (old !== undefined) replace(old);
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
    await after().eachLine((line) => {
      // Nearly all are files with one name, which this tells without reading the rest.
      if ((fileSize(line)?.links ?? 2) < 2) return;
      const entry = parseRecord(line);
      const names = entry.type === 'd' || entry.links < 2 ? undefined : linked.get(entry.inode);
      if (names !== undefined && !names.has(entry.path)) change(entry);
    });
  }
  // Directories that only lead to what changed get their times back, too.
  for (const path of needed) {
    if (directories.has(path) || gone.has(path)) continue;
    difference.changed.add(path);
    difference.replaced += HEADER_BYTES;
  }
  return difference;
}

/** The names of all that changed, each ended by NUL. */
export async function* namesOf({ changed, large }: Difference): AsyncGenerator<Buffer> {
  yield* changed.chunks();
  yield nameList(large.map(({ path }) => path));
}

/** Has large files archived as a whole after all; `also`: more names, of which nothing else is known. */
export function takeWhole(
  difference: Difference,
  isWhole: (path: string) => boolean,
  also: readonly string[] = [],
): void {
  const whole = difference.large.filter(({ path }) => isWhole(path));
  for (const { path, bytes } of whole) {
    difference.changed.add(path);
    difference.bytes += bytes;
    difference.replaced += HEADER_BYTES + bytes;
  }
  const known = new Set(difference.large.map(({ path }) => path));
  for (const path of also) if (isWhole(path) && !known.has(path)) difference.changed.add(path);
  difference.large = difference.large.filter(({ path }) => !isWhole(path));
}

/** Of some entries those that `differenceOf` would find to have changed; both indexes are in the order of their bytes. */
export async function changedAmong(
  names: ReadonlySet<string>,
  before: IndexReader,
  after: IndexReader,
): Promise<Set<string>> {
  const changed = new Set<string>();
  for await (const [old, now] of merged(before, after, unchangedSince(before))) {
    const path = (now ?? old)?.path;
    if (path !== undefined && names.has(path)) changed.add(path);
  }
  return changed;
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
