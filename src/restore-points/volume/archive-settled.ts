import { join } from 'node:path';
import { archiveFirst, type ArchiveContext, type VolumeTask } from './archive.ts';
import { archiveLayer, dropLayers, partOf, wholeOf } from './archive-layer.ts';
import { differenceOf, type Difference } from './index-difference.ts';
import { matched, OtherOrder } from './index-pairs.ts';
import { archivedBytes, HEADER_BYTES, openIndex, takeIndex } from './index-source.ts';
import { grow, latestOf, sortLatest } from './latest-index.ts';
import type { VolumeProgress } from './layer.ts';

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
  const difference = await changedSince(progress, now, context, settled);
  const latest = latestOf(settled);
  if (!isEmpty(difference)) delete settled.same;
  if (difference.linkForDirectory || (await isNearlyAll(difference, context, latest))) {
    await dropLayers(progress.layers, context);
    settled.layers = [];
    settled.base = null;
    await archiveLayer(now, context, settled, wholeOf(context, latest));
  } else if (!isEmpty(difference)) await archiveLayer(now, context, settled, partOf(difference));
  return settled;
}

/** After a hot archive: notes what was not the same all the time. */
export async function noteUnsettled(
  task: VolumeTask,
  context: ArchiveContext,
  progress: VolumeProgress,
): Promise<VolumeProgress> {
  const after = { ...progress, index: `${task.slug}.after.index` };
  const { changed, deleted } = await changedSince(progress, { ...task, live: true }, context, after);
  return { ...progress, unsettled: [...new Set([...(await changed.names()), ...(await deleted.names())])] };
}

/**
 * Looks at a volume again and compares it with what was found before, entry by entry as they come: services may be down
 * meanwhile, and neither the one nor the other has to be put in order first, where that is known. The index is that of `again`
 * then.
 */
async function changedSince(
  before: VolumeProgress,
  task: VolumeTask,
  context: ArchiveContext,
  again: VolumeProgress,
): Promise<Difference> {
  const { directory, helper, signal } = context;
  const spill = join(directory, task.slug);
  const latest = join(directory, again.index);
  const inOrder = (): Promise<Difference> =>
    differenceOf(
      { before: openIndex(join(directory, before.index)), after: () => openIndex(latest) },
      { spill },
    );
  if (before.found === undefined) {
    await takeIndex(helper, latest, task, signal);
    return inOrder();
  }
  const growing = grow(task, context, again);
  try {
    const found = openIndex(join(directory, before.found));
    const asFound = { before: found, after: () => growing.entries(), pair: matched };
    const difference = await differenceOf(asFound, { spill });
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
 * it replaces. One large file in which a little is written is such a volume.
 */
async function isNearlyAll(
  { bytes, changed }: Difference,
  { directory }: ArchiveContext,
  index: string,
): Promise<boolean> {
  if (bytes < WORTH_A_LOOK) return false;
  const part = bytes + changed.count * HEADER_BYTES;
  return (await archivedBytes(openIndex(join(directory, index)))) - part <= part / 8;
}

function isEmpty(difference: Difference): boolean {
  return difference.changed.count === 0 && difference.deleted.count === 0;
}
