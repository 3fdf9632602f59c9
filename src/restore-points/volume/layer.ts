import type { StoredFile } from '../../stores/store.ts';

/**
 * One part of a volume in a restore point. The first is the whole volume; each further one is what changed: its
 * `deleted` names are removed, then its archive is extracted over what is there.
 */
export interface Layer {
  archive: StoredFile;
  /** NUL-separated names, compressed; null where nothing was deleted. */
  deleted: StoredFile | null;
  /**
   * Parts of large files that changed, to be written over the files of the layers below: an archive of a member for each
   * part, named by file and offset; the last one of a file is empty, and has its size for the offset, and its time.
   */
  blocks?: StoredBlocks;
  /** All ACLs of its archive are among its attributes. Absent: that is not known. */
  acls?: 'attributes';
  /** The point that it was first made for. */
  point: string;
}

/** A file that a layer has parts of. */
export interface PartlyKept {
  /** As in an index. */
  path: string;
  /** The ContentDigest of all of it, once the parts are in their place. */
  sha256: string;
}

/** The archive of a layer's parts of files, and which files these are. */
export type StoredBlocks = StoredFile & { files: readonly PartlyKept[] };

/** The stored files of a layer, in the order in which they are put back. */
export function layerFiles({ deleted, archive, blocks }: Layer): StoredFile[] {
  return [...(deleted === null ? [] : [deleted]), archive, ...(blocks === undefined ? [] : [blocks])];
}

/** Bytes that layers take in a store. */
export function layerBytes(layers: readonly Layer[]): number {
  return layers.reduce((sum, { archive, blocks }) => sum + archive.bytes + (blocks?.bytes ?? 0), 0);
}

/** About what an earlier full takes on the disk when it is put back, in bytes. */
export function unpackedBytes({ layers, packing = 1 }: EarlierVolume): number {
  return layerBytes(layers) / packing;
}

/** What an earlier point holds of a volume, for a differential or for reuse. */
export interface EarlierVolume {
  /** The point that it was made for. */
  point: string;
  /** The point that holds the files now, where that is another one. */
  heldBy?: string;
  layers: readonly Layer[];
  index: StoredFile;
  /** Bytes that its full takes for each byte that the volume took on the disk, for a guess. */
  packing?: number;
}

/** The present state of a volume's archiving between two steps; a file in the work directory. */
export interface VolumeProgress {
  layers: Layer[];
  /** The latest index, a file name in the work directory. */
  index: string;
  /** The same in the order in which its entries were found; GNU tools only. */
  found?: string;
  /** `index` is not made of `found` yet: nobody has to wait for that while services are down. */
  unsorted?: true;
  /** The earlier point that all of it is, index and layers: nothing changed since. */
  same?: EarlierVolume;
  /** Directories in which another file system begins, which is not archived; absent: none. */
  nested?: readonly string[];
  /** About how many bytes tar reads for all entries of `index`, where they were counted. */
  bytes?: number;
  /** Where nothing but a differential was archived: its entries' names, each ended by NUL, in a file of the work directory. */
  part?: string;
  /** The full that it builds on, where that is an earlier point's. */
  base: EarlierVolume | null;
  tools: 'gnu' | 'busybox';
  vanished: number;
  changed: number;
  /** Names that were changing while they were archived, for good: of a hot archive, or of a writer nobody stopped. */
  unsettled: string[];
}
