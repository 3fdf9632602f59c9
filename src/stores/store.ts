import type { Readable } from 'node:stream';

/** Whether something is a restore point's id, and so can be the name of a directory and nothing else. */
export function isPointId(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9]{8}-[0-9]{6}-[0-9a-f]{4,16}$/.test(value);
}

/** Bytes that a manifest may have: one that is longer is none of ours, and is not read into memory. */
export const LONGEST_MANIFEST = 64 * 1024 * 1024;

/** One file of a restore point as it lies in a store. */
export interface StoredFile {
  /** Relative to the point, with `/`. */
  path: string;
  bytes: number;
  /** Of the stored bytes, hexadecimal. */
  sha256: string;
}

/** A restore point while it is made: nobody sees it before `commit`. */
export interface PointWriter {
  /**
   * Stores a stream as one file and makes it durable. Keeps no chunk once it asks for the next one: its memory may be the
   * next one's then. Throws for a full disk or a lost connection.
   */
  write(path: string, content: AsyncIterable<Uint8Array>): Promise<StoredFile>;
  /** Takes a file over from another point of the same store, without moving its bytes where the store can do that. */
  adopt(from: { point: string; file: StoredFile }, path: string): Promise<StoredFile>;
  /** Takes a file out of it again; harmless where there is none. Another point that has it keeps it. */
  drop(path: string): Promise<void>;
  /** Writes the manifest, durably and last: with it the point exists. */
  commit(manifest: string): Promise<void>;
}

/** A place where restore points are kept. One implementation for each kind; all behave the same. */
export interface Store {
  /** As the user wrote it, without secrets. */
  readonly location: string;
  /** The ids of all points that have a manifest, in no order. */
  list(): Promise<string[]>;
  /** The manifest's text; undefined where there is no such point. */
  manifest(id: string): Promise<string | undefined>;
  /** Throws NO_ARTIFACT where the point has no such file. */
  read(id: string, path: string): Promise<Readable>;
  /** Where that file is on this host; a store elsewhere has no such thing. Throws NO_ARTIFACT as `read` does. */
  pathOf?(id: string, path: string): Promise<string>;
  /** Begins a point, or goes on with one that was begun. */
  writer(id: string): Promise<PointWriter>;
  /** Removes what a writer left that did not commit; never a point. */
  discard(id: string): Promise<void>;
  /** Bytes that can still be stored; undefined where the store does not say. */
  freeBytes(): Promise<number | undefined>;
}
