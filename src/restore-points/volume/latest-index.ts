import { join } from 'node:path';
import type { ArchiveContext, VolumeTask } from './archive.ts';
import { GrowingIndex, sortFound } from './growing-index.ts';
import type { VolumeProgress } from './layer.ts';

/** Begins with the latest index of a volume. */
export function grow(task: VolumeTask, context: ArchiveContext, progress: VolumeProgress): GrowingIndex {
  progress.found = `${progress.index}.found`;
  return new GrowingIndex(context.helper, join(context.directory, progress.found), task, context.signal);
}

/** The file name of the latest index, in whatever order. */
export const latestOf = ({ index, found, unsorted }: VolumeProgress): string =>
  unsorted === undefined || found === undefined ? index : found;

/** Makes the latest index, in its order, where it is only found so far. */
export async function sortLatest(
  task: Pick<VolumeTask, 'key'>,
  context: Pick<ArchiveContext, 'helper' | 'directory' | 'signal'>,
  progress: VolumeProgress,
): Promise<void> {
  const { found, unsorted } = progress;
  if (unsorted === undefined || found === undefined) return;
  const { directory, helper, signal } = context;
  const files = { found: join(directory, found), into: join(directory, progress.index), key: task.key };
  await sortFound(helper, files, signal);
  delete progress.unsorted;
}
