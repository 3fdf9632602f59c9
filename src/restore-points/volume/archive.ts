import { join } from 'node:path';
import type { PointWriter, Store } from '../../stores/store.ts';
import { adoptLayers, archiveLayer, dropLayers, type LayerContent } from './archive-layer.ts';
import { GrowingIndex } from './growing-index.ts';
import type { Helper } from './helper.ts';
import { differenceOf, isSame, type Difference } from './index-difference.ts';
import {
  archivableNames,
  archivedBytes,
  HEADER_BYTES,
  openIndex,
  storedIndex,
  takeIndex,
} from './index-source.ts';
import type { IndexReader } from './index-records.ts';
import type { EarlierVolume, VolumeProgress } from './layer.ts';

/** One volume to be archived, as the plan says it. */
export interface VolumeTask {
  key: string;
  slug: string;
  /** Somebody may write to it during the first pass. */
  live: boolean;
  /** A second pass follows when the writers are still. */
  settles: boolean;
  /** Others may write to it whom nobody stops: containers of another project, processes of the host. */
  shared: boolean;
  /** The last full of the store. */
  base?: EarlierVolume;
  /** No differential against it: a new full is due. */
  full: boolean;
  /** The newest point of the store: all of it is reused where nothing changed since. */
  last?: EarlierVolume;
}

export interface ArchiveContext {
  helper: Helper;
  store: Store;
  writer: PointWriter;
  /** The id of the point that is made. */
  point: string;
  /** For indexes, until the point is sealed. */
  directory: string;
  signal: AbortSignal;
  /** Bytes that tar has read, and about how many it will, where that is known. */
  onProgress: (done: number, total?: number) => void;
}

/** The first pass: everything, or what changed since an earlier point. */
export async function archiveFirst(
  task: VolumeTask,
  context: ArchiveContext,
): Promise<VolumeProgress | undefined> {
  const { helper } = context;
  // Without layers a hot pass would be thrown away.
  if (helper.tools === 'busybox' && task.settles) return undefined;
  const index = `${task.slug}.first.index`;
  const progress: VolumeProgress = {
    layers: [],
    index,
    base: null,
    tools: helper.tools,
    vanished: 0,
    changed: 0,
    unsettled: [],
  };
  // There is nothing to compare it with.
  if (task.base === undefined && task.last === undefined && helper.tools === 'gnu') {
    await archiveAsFound(task, context, progress);
    return progress;
  }
  await takeIndex(helper, join(context.directory, index), task, context.signal);
  if (await reuse(task, context, progress)) return progress;
  if (await differential(task, context, progress)) return progress;
  await archiveLayer(task, context, progress, wholeOf(context, index));
  return progress;
}

/** Archives the first entries while the last ones are looked for. */
async function archiveAsFound(
  task: VolumeTask,
  context: ArchiveContext,
  progress: VolumeProgress,
): Promise<void> {
  const { helper, signal } = context;
  const index = join(context.directory, progress.index);
  const growing = new GrowingIndex(helper, `${index}.found`, task, signal);
  const outcomes = await Promise.allSettled([
    archiveLayer(task, context, progress, {
      names: archivableNames(growing.entries()),
      bytes: () => growing.found.then(() => archivedBytes(growing.all())),
    }),
    growing.sort(helper, index, task.key, signal),
  ]);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

const wholeOf = ({ directory }: ArchiveContext, index: string): LayerContent => ({
  names: archivableNames(openIndex(join(directory, index))),
  bytes: () => archivedBytes(openIndex(join(directory, index))),
});

const partOf = ({ changed, deleted, bytes }: Difference): LayerContent => ({
  names: changed.chunks(),
  bytes: async () => bytes,
  deleted,
});

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
  const index = `${task.slug}.settled.index`;
  const now = { ...task, live: false };
  await takeIndex(context.helper, join(context.directory, index), now, context.signal);
  const difference = await compare(task, context, progress.index, index);
  const settled: VolumeProgress = {
    ...progress,
    index,
    layers: [...progress.layers],
    vanished: 0,
    changed: 0,
  };
  if (!isEmpty(difference)) delete settled.same;
  if (difference.linkForDirectory || (await isNearlyAll(difference, context, index))) {
    await dropLayers(progress.layers, context);
    settled.layers = [];
    settled.base = null;
    await archiveLayer(now, context, settled, wholeOf(context, index));
  } else if (!isEmpty(difference)) await archiveLayer(now, context, settled, partOf(difference));
  return settled;
}

/** After a hot archive: notes what was not the same all the time. */
export async function noteUnsettled(
  task: VolumeTask,
  context: ArchiveContext,
  progress: VolumeProgress,
): Promise<VolumeProgress> {
  const index = `${task.slug}.after.index`;
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
  return differenceOf(openIndex(join(directory, before)), () => openIndex(join(directory, after)), {
    spill: join(directory, slug),
  });
}

const indexOf = async (earlier: EarlierVolume, { store }: ArchiveContext): Promise<IndexReader> =>
  storedIndex(await store.read(earlier.heldBy ?? earlier.point, earlier.index.path));

async function reuse(task: VolumeTask, context: ArchiveContext, progress: VolumeProgress): Promise<boolean> {
  const { last } = task;
  if (last === undefined || context.helper.tools !== 'gnu') return false;
  const present = openIndex(join(context.directory, progress.index));
  if (!(await isSame(await indexOf(last, context), present))) return false;
  progress.layers = await adoptLayers(last, task, context);
  progress.base = task.base ?? null;
  progress.same = last;
  return true;
}

async function differential(
  task: VolumeTask,
  context: ArchiveContext,
  progress: VolumeProgress,
): Promise<boolean> {
  const { base } = task;
  if (base === undefined || task.full || context.helper.tools !== 'gnu') return false;
  const { directory } = context;
  // A differential of half of the full makes the next point a full one: then this may as well be it.
  const packed = base.layers.reduce((sum, layer) => sum + layer.archive.bytes, 0);
  const most = packed / (base.packing ?? 1) / 2;
  const present = (): IndexReader => openIndex(join(directory, progress.index));
  const difference = await differenceOf(await indexOf(base, context), present, {
    spill: join(directory, task.slug),
    most,
  });
  if (difference === undefined) return false;
  progress.layers = await adoptLayers(base, task, context);
  progress.base = base;
  await archiveLayer(task, context, progress, partOf(difference));
  return true;
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
