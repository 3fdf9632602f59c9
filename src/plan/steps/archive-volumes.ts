import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HelperSpec } from '../../docker/helper-container.ts';
import { archiveFirst, type VolumeTask } from '../../restore-points/volume/archive.ts';
import { archiveSettled, noteUnsettled } from '../../restore-points/volume/archive-settled.ts';
import { nestedLeftOut } from '../../restore-points/volume/nested.ts';
import type { VolumeProgress } from '../../restore-points/volume/layer.ts';
import { inParallel } from '../../restore-points/volume/parallel.ts';
import { openStore } from '../../stores/open.ts';
import { makePrivateDirectory, writeDurably } from '../durable.ts';
import type { StepBase, StepContext } from './context.ts';
import { helperFor } from './helper.ts';

/** Which restore point is made, and where. */
export interface PointPlace {
  point: string;
  /** As `x-rewind.stores` says it. */
  store: string;
}

/**
 * Archive volumes into a point under way. The first pass runs while the services do; the settled one archives what
 * changed since, with those who write stopped or paused.
 */
export interface ArchiveVolumes extends StepBase, PointPlace {
  kind: 'archive-volumes';
  pass: 'first' | 'settled';
  helper: HelperSpec;
  volumes: readonly VolumeTask[];
  /** How many at the same time. */
  parallel: number;
}

export async function archiveVolumes(step: ArchiveVolumes, context: StepContext): Promise<void> {
  const helper = await helperFor(step.helper, context);
  const store = openStore(step.store, context.scope.directory);
  const writer = await store.writer(step.point);
  const directory = await volumesDirectory(context);
  await inParallel(step.volumes, step.parallel, context.signal, async (task, signal) => {
    const archiving = {
      helper, store, writer, directory, signal, point: step.point,
      onProgress: (done: number, total?: number) =>
        context.onProgress({ name: task.key, done, ...(total === undefined ? {} : { total }) }),
    }; // prettier-ignore
    const before = step.pass === 'first' ? undefined : await savedProgress(context, task.slug);
    // Services may be down in the second pass: it takes what the first one has seen.
    const nested = before === undefined ? await nestedLeftOut(helper, task, signal) : [];
    let progress =
      step.pass === 'first'
        ? await archiveFirst(task, archiving)
        : await archiveSettled(task, archiving, before);
    if (progress === undefined) return;
    if (nested.length > 0) progress = { ...progress, nested };
    const last = step.pass === 'settled' || !task.settles;
    // What was read while it changed is told from what was not by a last look; nothing was where all is reused.
    const restless = (task.live && !task.settles) || task.shared || progress.vanished + progress.changed > 0;
    if (last && restless && progress.layers.some(({ point }) => point === step.point))
      progress = await noteUnsettled(task, archiving, progress);
    await writeDurably(progressFile(directory, task.slug), JSON.stringify(progress));
  });
}

export async function volumesDirectory(context: StepContext): Promise<string> {
  const directory = join(context.workDirectory, 'volumes');
  await makePrivateDirectory(directory);
  return directory;
}

/** What the passes so far came to; undefined where the first one left everything to the second. */
export async function savedProgress(context: StepContext, slug: string): Promise<VolumeProgress | undefined> {
  const text = await readFile(progressFile(await volumesDirectory(context), slug), 'utf8').catch(
    () => undefined,
  );
  return text === undefined ? undefined : (JSON.parse(text) as VolumeProgress);
}

const progressFile = (directory: string, slug: string): string => join(directory, `${slug}.progress.json`);
