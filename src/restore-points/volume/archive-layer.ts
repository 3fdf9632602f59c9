import { join } from 'node:path';
import { Readable } from 'node:stream';
import { insideHelper } from '../../docker/helper-container.ts';
import { RewindError } from '../../errors.ts';
import { requireRoom } from '../../stores/room.ts';
import type { StoredFile } from '../../stores/store.ts';
import type { ArchiveContext, VolumeTask } from './archive.ts';
import { owned } from './blocks.ts';
import type { Difference } from './index-difference.ts';
import { archivableNames, archivedBytes, compressed, openIndex } from './index-source.ts';
import {
  layerFiles,
  type EarlierVolume,
  type Layer,
  type StoredBlocks,
  type VolumeProgress,
} from './layer.ts';
import type { NameList } from './name-list.ts';
import { requireCodes, type ScriptReport } from './script.ts';
import { ARCHIVE_BUSYBOX, ARCHIVE_GNU } from './scripts.ts';
import { readTarMessages, tarProgress } from './tar-messages.ts';

/** What a layer brings. */
export interface LayerContent {
  /** Of the entries to be archived, each ended by NUL. */
  names: AsyncIterable<Buffer>;
  /** About how many bytes tar will read for them. */
  bytes: () => Promise<number>;
  /** Entries of the layers below that are gone. */
  deleted?: NameList;
  /** Parts of files of the layers below, stored already. */
  blocks?: StoredBlocks;
}

/** All entries of an index, a file name in the work directory. */
export const wholeOf = ({ directory }: ArchiveContext, index: string): LayerContent => ({
  names: archivableNames(openIndex(join(directory, index))),
  bytes: () => archivedBytes(openIndex(join(directory, index))),
});

/** What changed. */
export const partOf = ({ changed, deleted, bytes }: Difference): LayerContent => ({
  names: changed.chunks(),
  bytes: async () => bytes,
  deleted,
});

const archivePath = (slug: string, layer: number): string =>
  `volumes/${slug}${layer === 0 ? '' : `.${layer}`}.tar.zst`;
const deletedPath = (slug: string, layer: number): string => `volumes/${slug}.${layer}.deleted.zst`;
export const blocksPath = (slug: string, layer: number): string => `volumes/${slug}.${layer}.blocks.zst`;

/** Adds one layer to a volume's progress. */
export async function archiveLayer(
  task: VolumeTask,
  context: ArchiveContext,
  progress: VolumeProgress,
  { names, bytes, deleted, blocks }: LayerContent,
): Promise<void> {
  const { helper, writer, signal } = context;
  const position = progress.layers.length;
  const gnu = helper.tools === 'gnu';
  const packing = task.base?.packing;
  let total = packing === undefined ? undefined : await bytes();
  if (total !== undefined && packing !== undefined) await requireRoom(context.store, total * packing);
  // Beside the archive: it would be a pity to wait for a number.
  else
    bytes().then(
      (count) => (total = count),
      () => {},
    );
  const { report, result } = await helper.run(
    gnu ? ARCHIVE_GNU : ARCHIVE_BUSYBOX,
    [insideHelper(task.slug), position === 0 ? 'prove' : ''],
    {
      ...(gnu ? { input: Readable.from(names) } : {}),
      output: (stream) =>
        writer.write(archivePath(task.slug, position), gnu ? stream : compressed(owned(stream))),
      onMessage: (line) => {
        const done = tarProgress(line);
        if (done !== undefined) context.onProgress(done, total);
      },
    },
    signal,
  );
  if (gnu) requireArchived(report, ['tar', 'zstd'], task, progress);
  else requireCodes(report, ['tar'], `archiving ${task.key}`);
  const gone =
    deleted === undefined || deleted.count === 0
      ? null
      : await writer.write(deletedPath(task.slug, position), compressed(Readable.from(deleted.chunks())));
  progress.layers.push({
    archive: result,
    deleted: gone,
    ...(blocks === undefined ? {} : { blocks }),
    ...(report.codes.get('acls') === 0 ? { acls: 'attributes' } : {}),
    point: context.point,
  });
}

/** Counts what GNU tar noted of files that were not still; throws ARCHIVE_FAILED for everything else that it said. */
export function requireArchived(
  report: ScriptReport,
  programs: readonly string[],
  { key }: VolumeTask,
  progress: VolumeProgress,
): void {
  const doing = `archiving ${key}`;
  requireCodes(report, programs, doing, (name, code) => code === 0 || (name === 'tar' && code === 1));
  const notes = readTarMessages(report.messages);
  if (notes.errors.length > 0) {
    throw new RewindError('ARCHIVE_FAILED', `${doing} failed: ${notes.errors[0] ?? ''}`, {
      details: notes.errors.slice(1, 6),
    });
  }
  progress.vanished += notes.vanished;
  progress.changed += notes.changed;
}

/** The layers of an earlier point under the names that they have in this one. */
export async function adoptLayers(
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
      ...(layer.acls === undefined ? {} : { acls: layer.acls }),
      ...(layer.blocks === undefined
        ? {}
        : { blocks: { ...layer.blocks, ...(await adopt(layer.blocks, blocksPath(task.slug, position))) } }),
      point: layer.point,
    });
  }
  return layers;
}

/** Takes layers of the point under way out of it again: another one is made in their place. */
export async function dropLayers(layers: readonly Layer[], { writer }: ArchiveContext): Promise<void> {
  for (const { path } of layers.flatMap(layerFiles)) await writer.drop(path);
}
