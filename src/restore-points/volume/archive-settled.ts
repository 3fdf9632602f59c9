import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { archiveFirst, indexOf, type ArchiveContext, type VolumeTask } from './archive.ts';
import { archiveLayer, dropLayers, partOf, wholeOf } from './archive-layer.ts';
import { compareLarge } from './compare-large.ts';
import { changedAmong, differenceOf, takeWhole, type Difference } from './index-difference.ts';
import { matched, OtherOrder } from './index-pairs.ts';
import { IndexReader } from './index-records.ts';
import { archivedBytes, HEADER_BYTES, only, openIndex, takeIndex, takePartOfIndex } from './index-source.ts';
import { grow, latestOf, sortLatest } from './latest-index.ts';
import type { StoredBlocks, VolumeProgress } from './layer.ts';

/** The second pass, with the writers still: what changed since the first one. */
export async function archiveSettled(
  task: VolumeTask,
  context: ArchiveContext,
  progress: VolumeProgress | undefined,
): Promise<VolumeProgress> {
  if (progress === undefined) {
    const whole = await archiveFirst({ ...task, live: false, settles: false }, context);
    return whole as VolumeProgress;
  }
  const now = { ...task, live: false };
  const settled: VolumeProgress = {
    ...progress,
    index: `${task.slug}.settled.index`,
    layers: [...progress.layers],
    vanished: 0,
    changed: 0,
  };
  delete settled.bytes;
  const difference = await changedSince(progress, now, context, settled, progress.base !== null);
  if (isEmpty(difference)) return settled;
  delete settled.same;
  const whole = difference.linkForDirectory || (await isNearlyAll(difference, context, progress));
  const compared = whole ? undefined : await compareAgain(difference, now, context, settled, progress.index);
  if (compared !== undefined)
    await archiveLayer(now, context, settled, { ...partOf(difference), ...compared });
  else {
    await dropLayers(settled.layers, context);
    settled.layers = [];
    settled.base = null;
    await archiveLayer(now, context, settled, wholeOf(context, latestOf(settled)));
  }
  return settled;
}

/**
 * Compares large files with the full, where that is what they are built upon: not those that another layer has anything of,
 * be it one of the first pass or of the point that this one reuses. Only the parts that the first pass found are taken out
 * again, and all of their files compared once more. Undefined where all has to be archived.
 */
async function compareAgain(
  difference: Difference,
  task: VolumeTask,
  context: ArchiveContext,
  progress: VolumeProgress,
  index: string,
): Promise<{ blocks?: StoredBlocks } | undefined> {
  const { base } = progress;
  if (base === null || difference.large.length === 0) return {};
  const position = progress.layers.length;
  const last = progress.layers[position - 1];
  // Made by the first pass, upon the full: nothing else has anything of its files.
  const blocks = last?.point === context.point ? last.blocks : undefined;
  const parts = new Set(blocks?.files.map(({ path }) => path));
  const others = new Set(difference.large.map(({ path }) => path).filter((path) => !parts.has(path)));
  const first = openIndex(join(context.directory, index));
  const changed = await changedAmong(others, await indexOf(base, context), first);
  takeWhole(difference, (path) => changed.has(path));
  if (difference.large.length === 0) return {};
  if (last !== undefined && blocks !== undefined) {
    const { blocks: _, ...rest } = last;
    await context.writer.drop(blocks.path);
    progress.layers[position - 1] = rest;
  }
  // What is gone, or another thing now, is in the difference.
  const settled = new Set([...(await difference.changed.names()), ...(await difference.deleted.names())]);
  const again = [...parts].filter((path) => !settled.has(path));
  return compareLarge(task, context, progress, { difference, base, position, again });
}

/** After a hot archive: notes what was not the same all the time. */
export async function noteUnsettled(
  task: VolumeTask,
  context: ArchiveContext,
  progress: VolumeProgress,
): Promise<VolumeProgress> {
  const after = { ...progress, index: `${task.slug}.after.index` };
  const { changed, deleted } =
    progress.part === undefined
      ? await changedSince(progress, { ...task, live: true }, context, after)
      : await partChangedSince(progress, progress.part, task, context);
  return { ...progress, unsettled: [...new Set([...(await changed.names()), ...(await deleted.names())])] };
}

/** Looks at what was archived alone: all other entries are those of the full, whatever becomes of them meanwhile. */
async function partChangedSince(
  { index }: VolumeProgress,
  part: string,
  task: VolumeTask,
  { directory, helper, signal }: ArchiveContext,
): Promise<Difference> {
  const latest = join(directory, `${task.slug}.after.index`);
  const names = await readFile(join(directory, part));
  await takePartOfIndex(helper, latest, task, Readable.from([names]), signal);
  const archived = new Set(names.toString('latin1').split('\0'));
  return differenceOf(
    {
      before: new IndexReader(only(openIndex(join(directory, index)), archived)),
      after: () => openIndex(latest),
      pair: matched,
    },
    { spill: join(directory, task.slug) },
  );
}

/**
 * Looks at a volume again and compares it with what was found before, entry by entry as they come: services may be down
 * meanwhile, and neither the one nor the other has to be put in order first, where that is known. The index is that of `again`
 * then. `large`: files of which parts may be kept are told apart.
 */
async function changedSince(
  before: VolumeProgress,
  task: VolumeTask,
  context: ArchiveContext,
  again: VolumeProgress,
  large = false,
): Promise<Difference> {
  const { directory, helper, signal } = context;
  const spill = join(directory, task.slug);
  const latest = join(directory, again.index);
  const inOrder = (): Promise<Difference> =>
    differenceOf(
      { before: openIndex(join(directory, before.index)), after: () => openIndex(latest) },
      { spill, large },
    );
  if (before.found === undefined) {
    await takeIndex(helper, latest, task, signal);
    return inOrder();
  }
  const growing = grow(task, context, again);
  try {
    const found = openIndex(join(directory, before.found));
    const asFound = { before: found, after: () => growing.entries(), pair: matched };
    const difference = await differenceOf(asFound, { spill, large });
    await growing.found;
    again.unsorted = true;
    return difference;
  } catch (error) {
    if (!(error instanceof OtherOrder)) throw error;
    await sortLatest(task, context, before);
    await growing.sort(helper, latest, task.key, signal);
    return inOrder();
  }
}

// Below that it does not matter.
const WORTH_A_LOOK = 8 * 1024 * 1024;

/**
 * Whether all of it is hardly more than what changed: as a layer that would be stored, and restored, beside something that
 * it replaces. One large file in which a little is written is such a volume. How much was archived before is known without
 * a look at all of the index where that was made a moment ago: services may be down.
 */
async function isNearlyAll(
  { bytes, changed, replaced }: Difference,
  { directory }: ArchiveContext,
  before: VolumeProgress,
): Promise<boolean> {
  if (bytes < WORTH_A_LOOK) return false;
  const part = bytes + changed.count * HEADER_BYTES;
  const all = before.bytes ?? (await archivedBytes(openIndex(join(directory, latestOf(before)))));
  return all - replaced <= part / 8;
}

function isEmpty({ changed, deleted, large }: Difference): boolean {
  return changed.count === 0 && deleted.count === 0 && large.length === 0;
}
