import type { Store } from '../../stores/store.ts';
import type { IndexRecord } from './index-records.ts';
import { unpackedBytes, type EarlierVolume } from './layer.ts';

/** A file of which it may pay to archive only the parts that changed. */
export interface LargeFile {
  path: string;
  /** What it takes on the disk. */
  bytes: number;
}

/** Smaller files are archived as a whole. */
const LARGE = 4 * 1024 * 1024;

/** Reading the full to compare with it takes about as long as archiving an eighth of it. */
const WORTH_COMPARING = 8;

const SET_ID = 0o6000;

/**
 * Whether two versions of an entry are large files which content and time alone may tell apart: nothing else is put back
 * where parts are written over the one to make it the other. (Writing takes capabilities, and set-id bits, from a file.)
 */
export function areLarge(old: IndexRecord, now: IndexRecord): boolean {
  return (
    [old, now].every(({ type, links, size }) => type === 'f' && links === 1 && size >= LARGE) &&
    old.mode === now.mode &&
    old.uid === now.uid &&
    old.gid === now.gid &&
    (Number.parseInt(now.mode, 8) & SET_ID) === 0
  );
}

/** What large files take on the disk together. */
export const largeBytes = (files: readonly LargeFile[]): number =>
  files.reduce((sum, { bytes }) => sum + bytes, 0);

/** Whether comparing these files with an earlier full takes less than it saves. */
export function isWorthComparing(files: readonly LargeFile[], base: EarlierVolume, store: Store): boolean {
  // A full that is not on this host would have to come over the network.
  if (files.length === 0 || base.packing === undefined || store.pathOf === undefined) return false;
  return largeBytes(files) * WORTH_COMPARING >= unpackedBytes(base);
}
