import { once } from 'node:events';
import { PassThrough, Readable, type Writable } from 'node:stream';
import { insideHelper } from '../../docker/helper-container.ts';
import { RewindError } from '../../errors.ts';
import { END_OF_TAR } from '../../tar-header.ts';
import type { ArchiveContext, VolumeTask } from './archive.ts';
import { blocksPath, requireArchived } from './archive-layer.ts';
import { changedParts } from './block-difference.ts';
import { takeWhole, type Difference } from './index-difference.ts';
import { compressed, decompressed, nameList } from './index-source.ts';
import { isWorthComparing, largeBytes } from './large-file.ts';
import {
  unpackedBytes,
  type EarlierVolume,
  type PartlyKept,
  type StoredBlocks,
  type VolumeProgress,
} from './layer.ts';
import { READ_GNU } from './scripts.ts';
import { tarProgress } from './tar-messages.ts';
import { readTar, UnreadableTar, type TarMember } from './tar-reader.ts';
import { tarMember } from './tar-writer.ts';

/** Bytes to be archived from which on a new full is made instead: with that much the next point would be one. */
export const mostOfDifferential = (base: EarlierVolume): number => unpackedBytes(base) / 2;

/** What is compared, and with what. */
export interface Comparison {
  /** What changed; files that have to be archived as a whole go from `large` to `changed`. */
  difference: Difference;
  base: EarlierVolume;
  /** The layer that it is for, counted from 0. */
  position: number;
  /** Further files, of which another layer of this point had the parts until now. */
  again?: readonly string[];
}

/**
 * Compares the large files of a difference with what an earlier full has of them, and stores the parts that changed for a
 * layer of its own. Undefined where a new full should be made instead: it comes to too much, or the full cannot be read.
 */
export async function compareLarge(
  task: VolumeTask,
  context: ArchiveContext,
  progress: VolumeProgress,
  { difference, base, position, again = [] }: Comparison,
): Promise<{ blocks?: StoredBlocks } | undefined> {
  const most = mostOfDifferential(base);
  let blocks: StoredBlocks | undefined;
  if (again.length > 0 || isWorthComparing(difference.large, base, context.store)) {
    const wanted = new Set([...difference.large.map(({ path }) => path), ...again]);
    const path = blocksPath(task.slug, position);
    const total = largeBytes(difference.large);
    const compared = await archiveParts(task, context, progress, { wanted, base, path, most, total });
    if (compared === undefined) return undefined;
    ({ blocks } = compared);
  }
  const kept = new Set(blocks?.files.map(({ path }) => path));
  takeWhole(difference, (path) => !kept.has(path), again);
  if (difference.bytes > most) {
    if (blocks !== undefined) await context.writer.drop(blocks.path);
    return undefined;
  }
  return blocks === undefined ? {} : { blocks };
}

interface Wanted {
  wanted: Set<string>;
  base: EarlierVolume;
  /** Where the parts go. */
  path: string;
  /** Bytes that they may come to. */
  most: number;
  /** About how many will be read for them. */
  total: number;
}

/**
 * Stores parts of files as an archive with a member for each, named by the file and the offset in it, and an empty one at
 * the end of each file with its size and time.
 */
async function archiveParts(
  task: VolumeTask,
  context: ArchiveContext,
  progress: VolumeProgress,
  { wanted, base, path, most, total }: Wanted,
): Promise<{ blocks?: StoredBlocks } | undefined> {
  const { store, writer, signal } = context;
  const files: PartlyKept[] = [];
  const sink = new PassThrough();
  const stored = writer.write(path, compressed(sink));
  // It may fail while nobody waits for it yet.
  stored.catch(() => {});
  const output: Output = { sink, stored, left: most, read: 0, total };
  try {
    // What a later layer has takes the place of what an earlier one has.
    for (const layer of base.layers.toReversed()) {
      if (wanted.size === 0) break;
      const archive = await store.read(base.heldBy ?? base.point, layer.archive.path);
      for await (const before of readTar(decompressed(archive, Infinity, CHUNK))) {
        signal.throwIfAborted();
        if (!wanted.delete(before.name)) continue;
        const sha256 = await compareFile(before, task, context, progress, output);
        if (sha256 !== undefined) files.push({ path: before.name, sha256 });
        if (wanted.size === 0) break;
      }
    }
    sink.end(END_OF_TAR);
    const archive = await stored;
    if (files.length > 0) return { blocks: { ...archive, files } };
    await writer.drop(path);
    return {};
  } catch (error) {
    sink.destroy(error as Error);
    await stored.catch(() => {});
    await writer.drop(path);
    if (error instanceof TooMuch || error instanceof UnreadableTar || isDamaged(error)) return undefined;
    throw error;
  }
}

/** Decompressing in the small pieces that are the default takes three times as long. */
const CHUNK = 1024 * 1024;

class TooMuch extends Error {}

const isDamaged = (error: unknown): boolean => error instanceof RewindError && error.code === 'DAMAGED';

interface Output {
  sink: Writable;
  stored: Promise<unknown>;
  /** Bytes that may still come. */
  left: number;
  /** Bytes of the files that were compared so far. */
  read: number;
  total: number;
}

/** Writes the parts of one file that changed; undefined where it is another one by more than content and time. */
async function compareFile(
  before: TarMember,
  task: VolumeTask,
  { helper, signal, onProgress }: ArchiveContext,
  progress: VolumeProgress,
  output: Output,
): Promise<string | undefined> {
  let sha256: string | undefined;
  let read = 0;
  const { report } = await helper.run(
    READ_GNU,
    [insideHelper(task.slug)],
    {
      input: Readable.from([nameList([before.name])]),
      output: async (stream) => {
        for await (const now of readTar(stream))
          if (isSameBut(before, now)) sha256 = await writeParts(before, now, output);
      },
      onMessage: (line) => {
        const done = tarProgress(line);
        if (done === undefined) return;
        read = done;
        onProgress(output.read + read, output.total);
      },
    },
    signal,
  );
  output.read += read;
  // What goes wrong with one that is archived as a whole is found out then.
  if (sha256 === undefined) return undefined;
  requireArchived(report, ['tar'], task, progress);
  return sha256;
}

async function writeParts(before: TarMember, now: TarMember, output: Output): Promise<string> {
  const parts = changedParts(before, now);
  let next = await parts.next();
  for (; next.done !== true; next = await parts.next()) {
    const { offset, content } = next.value;
    if ((output.left -= content.length) < 0) throw new TooMuch();
    await write(output, tarMember({ name: `${now.name}/${offset}`, content }));
  }
  const end = { name: `${now.name}/${now.size}`, content: Buffer.alloc(0), mtime: now.mtime };
  await write(output, tarMember(end));
  return next.value;
}

async function write({ sink, stored }: Output, bytes: Buffer): Promise<void> {
  if (sink.write(bytes)) return;
  // Where the store has failed nobody takes any more.
  await Promise.race([once(sink, 'drain').catch(() => stored), stored]);
}

/** Whether writing over parts of the one, and setting its time, makes it the other. */
function isSameBut(before: TarMember, now: TarMember): boolean {
  return (
    [before, now].every(
      ({ type, attributes }) => type === '0' && !attributes.includes('security.capability'),
    ) &&
    before.name === now.name &&
    before.mode === now.mode &&
    before.uid === now.uid &&
    before.gid === now.gid &&
    before.attributes === now.attributes
  );
}
