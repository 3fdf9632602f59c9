import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PointWriter, Store } from '../../stores/store.ts';
import { adoptLayers, archiveLayer, partOf, wholeOf } from './archive-layer.ts';
import type { Helper } from './helper.ts';
import { compareLarge, mostOfDifferential } from './compare-large.ts';
import { differenceOf, isSame, namesOf } from './index-difference.ts';
import { archivableNames, archivedBytes, openIndex, storedIndex, takeIndex } from './index-source.ts';
import type { IndexReader } from './index-records.ts';
import { grow } from './latest-index.ts';
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
  // It is looked at again, and compared as it is found then.
  if (task.settles) {
    const growing = grow(task, context, progress);
    await growing.sort(helper, join(context.directory, index), task.key, context.signal);
  } else await takeIndex(helper, join(context.directory, index), task, context.signal);
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
  const growing = grow(task, context, progress);
  const outcomes = await Promise.allSettled([
    archiveLayer(task, context, progress, {
      names: archivableNames(growing.entries()),
      bytes: async () => {
        await growing.found;
        return (progress.bytes = await archivedBytes(growing.all()));
      },
    }),
    growing.sort(helper, index, task.key, signal),
  ]);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

/** The index of what an earlier point has of a volume. */
export const indexOf = async (earlier: EarlierVolume, { store }: ArchiveContext): Promise<IndexReader> =>
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

/** More entries are sooner looked at with all others. */
const MOST_IN_PART = 20_000;

async function differential(
  task: VolumeTask,
  context: ArchiveContext,
  progress: VolumeProgress,
): Promise<boolean> {
  const { base } = task;
  if (base === undefined || task.full || context.helper.tools !== 'gnu') return false;
  const { directory } = context;
  const most = mostOfDifferential(base);
  const present = (): IndexReader => openIndex(join(directory, progress.index));
  const difference = await differenceOf(
    { before: await indexOf(base, context), after: present },
    { spill: join(directory, task.slug), most, large: true },
  );
  if (difference === undefined) return false;
  const compared = await compareLarge(task, context, progress, {
    difference,
    base,
    position: base.layers.length,
  });
  if (compared === undefined) return false;
  progress.layers = await adoptLayers(base, task, context);
  progress.base = base;
  await archiveLayer(task, context, progress, { ...partOf(difference), ...compared });
  if (!task.settles && difference.changed.count <= MOST_IN_PART) {
    progress.part = `${task.slug}.part`;
    await writeFile(join(directory, progress.part), namesOf(difference), { mode: 0o600 });
  }
  return true;
}
