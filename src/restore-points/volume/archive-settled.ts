import { join } from 'node:path';
import { archiveFirst, type ArchiveContext, type VolumeTask } from './archive.ts';
import { archiveLayer, dropLayers, partOf, wholeOf } from './archive-layer.ts';
import { differenceOf, type Difference } from './index-difference.ts';
import { matched, OtherOrder } from './index-pairs.ts';
import { archivedBytes, HEADER_BYTES, openIndex, takeIndex } from './index-source.ts';
import { grow, sortLatest } from './latest-index.ts';
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
  const latest = settled.unsorted === undefined ? settled.index : (settled.found as string);
  if (!isEmpty(difference)) delete settled.same;
  if (difference.linkForDirectory || (await isNearlyAll(difference, context, latest))) {
    await dropLayers(progress.layers, context);
    settled.layers = [];
    settled.base = null;
    await archiveLayer(now, context, settled, wholeOf(context, latest));
  } else if (!isEmpty(difference)) await archiveLayer(now, context, settled, partOf(difference));
  return settled;
}

/**
 * Looks at a volume again and compares it with what its first pass has found, entry by entry as they come: services are down
 * meanwhile, and neither the one nor the other has to be put in order first.
 */
async function changedSince(
  first: VolumeProgress,
  task: VolumeTask,
  context: ArchiveContext,
  settled: VolumeProgress,
): Promise<Difference> {
  const { directory, helper, signal } = context;
  const growing = grow(task, context, settled);
  const spill = join(directory, task.slug);
  try {
    const before = openIndex(join(directory, first.found ?? first.index));
    const difference = await differenceOf(
      { before, after: () => growing.entries(), pair: matched },
      { spill },
    );
    await growing.found;
    settled.unsorted = true;
    return difference;
  } catch (error) {
    if (!(error instanceof OtherOrder)) throw error;
    await growing.sort(helper, join(directory, settled.index), task.key, signal);
    return compare(task, context, first.index, settled.index);
  }
}

/** After a hot archive: notes what was not the same all the time. */
export async function noteUnsettled(
  task: VolumeTask,
  context: ArchiveContext,
  progress: VolumeProgress,
): Promise<VolumeProgress> {
  const index = `${task.slug}.after.index`;
  await sortLatest(task, context, progress);
  await takeIndex(context.helper, join(context.directory, index), { ...task, live: true }, context.signal);
  const { changed, deleted } = await compare(task, context, progress.index, index);
  return { ...progress, unsettled: [...new Set([...(await changed.names()), ...(await deleted.names())])] };
}

async function compare(
  { slug }: VolumeTask,
  { directory }: ArchiveContext,
  before: string,
  after: string,
): Promise<Difference> {
  const indexes = {
    before: openIndex(join(directory, before)),
    after: () => openIndex(join(directory, after)),
  };
  return differenceOf(indexes, { spill: join(directory, slug) });
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
