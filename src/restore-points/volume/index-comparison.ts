import { merged } from './index-difference.ts';
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
  for await (const [want, got] of merged(wanted, found)) {
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
