import { merged } from './index-pairs.ts';
import type { IndexReader, IndexRecord } from './index-records.ts';

export interface ComparisonOptions {
  /** Entries that were changing while they were archived: whatever they are now is right. */
  unsettled: ReadonlySet<string>;
  /** BusyBox keeps whole seconds, no link targets in its index. */
  coarse: boolean;
  /** Hears of directories that differ in their time alone; without it they are differences like all others. */
  onDirectoryTime?: (directory: { path: string; mtime: string }) => void;
}

const REPORTED = 5;

/**
 * Compares a restored volume with the index of the restore point: everything that a restore can bring back (type, size,
 * mode, owner, time, link target, which names are one file). Returns the first differences, for people; none: equal.
 */
export async function compareIndexes(
  wanted: IndexReader,
  found: IndexReader,
  options: ComparisonOptions,
): Promise<string[]> {
  const problems: string[] = [];
  const links = new LinkGroups();
  for await (const [want, got] of merged(wanted, found, options.coarse ? undefined : isRestored)) {
    if (problems.length >= REPORTED) break;
    const path = (want ?? got)?.path ?? '';
    // No archive can hold a socket; its server makes it again.
    if (want?.type === 's' || options.unsettled.has(path)) continue;
    if (want === undefined) problems.push(`${path} should not be there`);
    else if (got === undefined) problems.push(`${path} is missing`);
    else {
      const field = firstDifference(want, got, options.coarse);
      if (field === 'time' && want.type === 'd' && options.onDirectoryTime !== undefined)
        options.onDirectoryTime({ path, mtime: want.mtime });
      else if (field !== undefined) problems.push(`${path}: its ${field} is not as it was`);
      else if (!links.agree(want, got)) problems.push(`${path}: it is not the same file as its other names`);
    }
  }
  return problems;
}

/**
 * Whether a record of an entry with one name (no directory) says the same as the one it was restored from, in all that
 * `firstDifference` looks at: told without reading either of them field by field.
 */
function isRestored(want: string, got: string): boolean {
  const size = endOf(want, want.indexOf('//') + 2, 5);
  if (!got.startsWith(want.slice(0, size))) return false;
  const [links, gotLinks] = [endOf(want, size, 1), endOf(got, size, 1)];
  if (!want.startsWith('1 ', links) || !got.startsWith('1 ', gotLinks)) return false;
  const [inode, gotInode] = [endOf(want, links, 2), endOf(got, gotLinks, 2)];
  const [time, gotTime] = [endOf(want, inode, 1), endOf(got, gotInode, 1)];
  if (!got.startsWith(want.slice(inode, time), gotInode)) return false;
  return want.slice(endOf(want, time, 1)) === got.slice(endOf(got, gotTime, 1));
}

/** Where the text goes on after so many fields. */
function endOf(line: string, start: number, fields: number): number {
  let end = start;
  for (let passed = 0; passed < fields; passed++) {
    end = line.indexOf(' ', end) + 1;
    if (end === 0) return line.length;
  }
  return end;
}

function firstDifference(want: IndexRecord, got: IndexRecord, coarse: boolean): string | undefined {
  if (want.type !== got.type) return 'type';
  if (want.type !== 'l' && want.mode !== got.mode) return 'mode';
  if (want.uid !== got.uid || want.gid !== got.gid) return 'owner';
  if (want.type === 'f' && want.size !== got.size) return 'size';
  const seconds = (time: string): string => (coarse ? (time.split('.')[0] ?? '') : time);
  if (!coarse && want.target !== got.target) return want.type === 'l' ? 'target' : 'device number';
  // BusyBox tar sets neither the times of links nor, for good, those of directories.
  if (coarse && (want.type === 'l' || want.type === 'd')) return undefined;
  return seconds(want.mtime) === seconds(got.mtime) ? undefined : 'time';
}

/** Whether names that were one file are one file again; only names with several links cost memory. */
class LinkGroups {
  readonly #restored = new Map<string, string>();

  agree(want: IndexRecord, got: IndexRecord): boolean {
    if (want.type === 'd' || want.links < 2) return true;
    const known = this.#restored.get(want.inode);
    if (known === undefined) this.#restored.set(want.inode, got.inode);
    return known === undefined || known === got.inode;
  }
}
