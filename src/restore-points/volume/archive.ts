import { join } from 'node:path';
import { Readable } from 'node:stream';
import { insideHelper } from '../../docker/helper-container.ts';
import { RewindError } from '../../errors.ts';
import { requireRoom } from '../../stores/room.ts';
import type { PointWriter, Store, StoredFile } from '../../stores/store.ts';
import { owned } from './blocks.ts';
import type { Helper } from './helper.ts';
import { requireCodes } from './script.ts';
import { GrowingIndex } from './growing-index.ts';
import { differenceOf, isSame, type Difference } from './index-difference.ts';
import {
  archivableNames,
  archivedBytes,
  compressed,
  openIndex,
  storedIndex,
  takeIndex,
} from './index-source.ts';
import type { EarlierVolume, Layer, VolumeProgress } from './layer.ts';
import type { IndexReader } from './index-records.ts';
import { ARCHIVE_BUSYBOX, ARCHIVE_GNU } from './scripts.ts';
import { readTarMessages, tarProgress } from './tar-messages.ts';

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
  // Nothing to compare it with: the first entries are archived while the last ones are looked for.
  if (task.base === undefined && task.last === undefined && helper.tools === 'gnu') {
    const growing = new GrowingIndex(helper, join(context.directory, `${index}.found`), task, context.signal);
    await archive(task, context, progress, growing);
    return progress;
  }
  await takeIndex(helper, join(context.directory, index), task, context.signal);
  if (await reuse(task, context, progress)) return progress;
  if (await differential(task, context, progress)) return progress;
  await archive(task, context, progress, undefined);
  return progress;
}

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
  if (difference.linkForDirectory) {
    settled.layers = [];
    settled.base = null;
    await archive(now, context, settled, undefined);
  } else if (!isEmpty(difference)) await archive(now, context, settled, difference);
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
  const difference = await differenceOf(
    openIndex(join(directory, before)),
    () => openIndex(join(directory, after)),
    { spill: join(directory, slug) },
  );
  return difference as Difference;
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
  // Where more changed a differential would be no smaller than a new full (disk bytes against packed ones).
  const most = base.layers.reduce((sum, layer) => sum + layer.archive.bytes, 0);
  const present = (): IndexReader => openIndex(join(directory, progress.index));
  const difference = await differenceOf(await indexOf(base, context), present, {
    spill: join(directory, task.slug),
    most,
  });
  if (difference === undefined) return false;
  progress.layers = await adoptLayers(base, task, context);
  progress.base = base;
  await archive(task, context, progress, difference);
  return true;
}

async function adoptLayers(
  earlier: EarlierVolume,
  task: VolumeTask,
  context: ArchiveContext,
): Promise<Layer[]> {
  const layers: Layer[] = [];
  for (const [position, layer] of earlier.layers.entries()) {
    const adopt = (file: StoredFile, path: string): Promise<StoredFile> =>
      context.writer.adopt({ point: earlier.heldBy ?? earlier.point, file }, path);
    layers.push({
      archive: await adopt(layer.archive, archivePath(task.slug, position)),
      deleted: layer.deleted === null ? null : await adopt(layer.deleted, deletedPath(task.slug, position)),
      point: layer.point,
    });
  }
  return layers;
}

const archivePath = (slug: string, layer: number): string =>
  `volumes/${slug}${layer === 0 ? '' : `.${layer}`}.tar.zst`;
const deletedPath = (slug: string, layer: number): string => `volumes/${slug}.${layer}.deleted.zst`;

/** Adds one layer: all entries of the present index, which may only be growing yet, or those of a difference. */
async function archive(
  task: VolumeTask,
  context: ArchiveContext,
  progress: VolumeProgress,
  what: Difference | GrowingIndex | undefined,
): Promise<void> {
  const { helper, writer, signal } = context;
  const position = progress.layers.length;
  const path = archivePath(task.slug, position);
  const gnu = helper.tools === 'gnu';
  const present = join(context.directory, progress.index);
  const growing = what instanceof GrowingIndex ? what : undefined;
  const difference = what instanceof GrowingIndex ? undefined : what;
  let total = difference?.bytes;
  const packing = task.base?.packing;
  if (packing !== undefined) {
    total ??= await archivedBytes(openIndex(present));
    await requireRoom(context.store, total * packing);
  }
  const settled = growing?.found.then(() => growing.sort(helper, present, task.key, signal));
  // Beside the archive: it would be a pity to wait for a number.
  if (total === undefined)
    (growing === undefined
      ? archivedBytes(openIndex(present))
      : growing.found.then(() => archivedBytes(growing.all()))
    ).then(
      (bytes) => (total = bytes),
      () => {},
    );
  const names = difference?.changed.chunks() ?? archivableNames(growing?.entries() ?? openIndex(present));
  const archiving = helper.run(
    gnu ? ARCHIVE_GNU : ARCHIVE_BUSYBOX,
    [insideHelper(task.slug)],
    {
      ...(gnu ? { input: Readable.from(names) } : {}),
      output: (stream) => writer.write(path, gnu ? stream : compressed(owned(stream))),
      onMessage: (line) => {
        const done = tarProgress(line);
        if (done !== undefined) context.onProgress(done, total);
      },
    },
    signal,
  );
  // Neither is left behind while the other one fails.
  await Promise.allSettled([archiving, settled]);
  await settled;
  const { report, result } = await archiving;
  const doing = `archiving ${task.key}`;
  requireCodes(report, gnu ? ['tar', 'zstd'] : ['tar'], doing, (name, code) =>
    name === 'tar' && gnu ? code === 0 || code === 1 : code === 0,
  );
  const notes = readTarMessages(report.messages);
  if (gnu && notes.errors.length > 0) {
    throw new RewindError('ARCHIVE_FAILED', `${doing} failed: ${notes.errors[0] ?? ''}`, {
      details: notes.errors.slice(1, 6),
    });
  }
  progress.vanished += notes.vanished;
  progress.changed += notes.changed;
  const deleted =
    difference === undefined || difference.deleted.count === 0
      ? null
      : await writer.write(
          deletedPath(task.slug, position),
          compressed(Readable.from(difference.deleted.chunks())),
        );
  progress.layers.push({ archive: result, deleted, point: context.point });
}

function isEmpty(difference: Difference): boolean {
  return difference.changed.count === 0 && difference.deleted.count === 0;
}
