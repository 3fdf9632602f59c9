import type { HelperSpec } from '../../docker/helper-container.ts';
import { insideHelper } from '../../docker/helper-container.ts';
import { RewindError } from '../../errors.ts';
import type { VolumeArtifact } from '../../restore-points/manifest.ts';
import { compareWithIndex, extractVolume } from '../../restore-points/volume/extract.ts';
import { layerBytes } from '../../restore-points/volume/layer.ts';
import { refuseNested } from '../../restore-points/volume/nested.ts';
import { inParallel } from '../../restore-points/volume/parallel.ts';
import {
  CLEAR,
  DROP_OLD,
  FREE,
  IS_SWAPPED,
  STAGE,
  SWAP,
  UNSWAP,
} from '../../restore-points/volume/staging-scripts.ts';
import { openStore } from '../../stores/open.ts';
import { bytesText } from '../../bytes-text.ts';
import { volumesDirectory, type PointPlace } from './archive-volumes.ts';
import type { StepBase, StepContext } from './context.ts';
import { existingHelper, helperFor } from './helper.ts';
import type { Helper } from '../../restore-points/volume/helper.ts';
import { stopWriters, type RunningContainer } from './still-services.ts';

interface Staged extends StepBase {
  helper: HelperSpec;
  /** The name of the staging directory in each volume: `.rewind-restore-…`. */
  staging: string;
  slugs: readonly string[];
}

/**
 * Extract volumes of a point, check every byte, and compare the result with the point's index. `staging`: beside the
 * present data; `root`: into a volume that is empty or is emptied first (`clear`).
 */
export interface ExtractVolumes extends StepBase, PointPlace {
  kind: 'extract-volumes';
  helper: HelperSpec;
  staging: string;
  into: 'staging' | 'root';
  clear: boolean;
  /** The mount that each goes to. */
  volumes: readonly { artifact: VolumeArtifact; slug: string }[];
  parallel: number;
  /** Attributes that the file system does not take are left out. */
  lossy: boolean;
  /** With `clear`: those that must not run while it overwrites, should somebody have started them after a crash. */
  levels?: readonly (readonly RunningContainer[])[];
}

/** Put the staged data in the place of the present data, which is kept. */
export interface SwapVolumes extends Staged {
  kind: 'swap-volumes';
}

/** Put the data back that SwapVolumes moved aside, whatever it came to, and remove the staging. */
export interface UnswapVolumes extends Staged {
  kind: 'unswap-volumes';
  /** Those that may run on the new data: they are stopped first where a swap was begun. */
  levels: readonly (readonly RunningContainer[])[];
}

/** Delete the data that SwapVolumes kept. */
export interface DropOld extends Staged {
  kind: 'drop-old';
}

export async function extractVolumes(step: ExtractVolumes, context: StepContext): Promise<void> {
  if (step.clear && step.levels !== undefined)
    await stopWriters({ ...step, kind: 'stop-writers', levels: step.levels }, context);
  const helper = await helperFor(step.helper, context);
  const store = openStore(step.store, context.scope.directory);
  const directory = await volumesDirectory(context);
  const staged = step.into === 'staging';
  if (!step.clear)
    for (const { artifact, slug } of step.volumes) {
      await refuseNested(helper, { key: artifact.key, slug }, context.signal);
      await requireRoom(helper, artifact, slug, step.into, context);
    }
  await inParallel(step.volumes, step.parallel, context.signal, async ({ artifact, slug }, signal) => {
    const root = insideHelper(slug);
    if (staged) await helper.ask(STAGE, [root, step.staging], signal);
    if (step.clear) await helper.ask(CLEAR, [root], signal);
    const total = layerBytes(artifact.layers);
    const extracting = {
      helper, store, directory, signal, point: step.point, fills: step.clear, onNote: context.onNote,
      // What was there is gone: without them is better than not at all.
      lossy: step.lossy || step.clear,
      onProgress: (done: number) => context.onProgress({ name: artifact.key, done, total }),
    }; // prettier-ignore
    const target = { slug, ...(staged ? { below: `${step.staging}/new` } : {}) };
    await extractVolume(artifact, target, extracting);
    await compareWithIndex(artifact, target, extracting);
  });
}

export async function swapVolumes(step: SwapVolumes, context: StepContext): Promise<void> {
  const helper = await helperFor(step.helper, context);
  for (const slug of step.slugs) await helper.ask(SWAP, [insideHelper(slug), step.staging], context.signal);
}

export async function unswapVolumes(step: UnswapVolumes, context: StepContext): Promise<void> {
  const helper = await existingHelper(step.helper, context);
  if (helper === undefined) return;
  const args = (slug: string): string[] => [insideHelper(slug), step.staging];
  const begun: boolean[] = [];
  for (const slug of step.slugs)
    begun.push((await helper.ask(IS_SWAPPED, args(slug), context.signal)).trim() === 'yes');
  if (begun.includes(true)) await stopWriters({ ...step, kind: 'stop-writers' }, context);
  for (const slug of step.slugs) await helper.ask(UNSWAP, args(slug), context.signal);
}

export async function dropOld(step: DropOld, context: StepContext): Promise<void> {
  const helper = await helperFor(step.helper, context);
  for (const slug of step.slugs)
    await helper.ask(DROP_OLD, [insideHelper(slug), step.staging], context.signal);
}

/** Refuses (NO_SPACE, exit 4, with the numbers) what does not fit beside what is there. */
export async function requireRoom(
  helper: Helper,
  artifact: VolumeArtifact,
  slug: string,
  into: 'staging' | 'root' | 'aside',
  context: StepContext,
): Promise<void> {
  const free = Number(await helper.ask(FREE, [insideHelper(slug)], context.signal));
  if (free >= artifact.diskBytes) return;
  const need = `${bytesText(artifact.diskBytes)} are needed, ${bytesText(free)} are free`;
  throw new RewindError('NO_SPACE', `there is too little space for ${artifact.key}: ${need}`, {
    exit: 'refused',
    hint:
      into === 'staging'
        ? 'Free some space; --in-place does without a second copy, and without a way back'
        : 'Free some space: docker system df',
  });
}
