import { insideHelper, type HelperSpec } from '../../docker/helper-container.ts';
import { RewindError } from '../../errors.ts';
import type { VolumeArtifact } from '../../restore-points/manifest.ts';
import { compareWithIndex, extractVolume } from '../../restore-points/volume/extract.ts';
import { layerBytes } from '../../restore-points/volume/layer.ts';
import { refuseNested } from '../../restore-points/volume/nested.ts';
import { PLACE } from '../../restore-points/volume/place-script.ts';
import { STAGE } from '../../restore-points/volume/staging-scripts.ts';
import { openStore } from '../../stores/open.ts';
import { volumesDirectory, type PointPlace } from './archive-volumes.ts';
import type { StepBase, StepContext } from './context.ts';
import { helperFor } from './helper.ts';
import { requireRoom } from './restore-volumes.ts';

/**
 * Put single files or folders of a volume back: extracted aside, then moved over what is there, or into a directory.
 * What was in their place is removed only once the new one stands there.
 */
export interface PlaceFiles extends StepBase, PointPlace {
  kind: 'place-files';
  helper: HelperSpec;
  artifact: VolumeArtifact;
  /** The mount that it goes to. */
  slug: string;
  staging: string;
  /** Relative to the volume's root. */
  paths: readonly string[];
  /** For people: the directory; null: back into place. */
  to: string | null;
  /** Attributes that the file system does not take are left out. */
  lossy: boolean;
}

export async function placeFiles(step: PlaceFiles, context: StepContext): Promise<void> {
  const helper = await helperFor(step.helper, context);
  const root = insideHelper(step.slug);
  for (const below of step.to === null ? step.paths : [])
    await refuseNested(helper, { key: step.artifact.key, slug: step.slug, below }, context.signal);
  await helper.ask(STAGE, [root, step.staging], context.signal);
  // Whole: a file may be a hard link to one that lies elsewhere.
  await requireRoom(helper, step.artifact, step.slug, 'aside', context);
  const target = { slug: step.slug, below: `${step.staging}/new` };
  const total = layerBytes(step.artifact.layers);
  const extracting = {
    helper,
    store: openStore(step.store, context.scope.directory),
    point: step.point,
    fills: false,
    lossy: step.lossy,
    onNote: context.onNote,
    directory: await volumesDirectory(context),
    signal: context.signal,
    onProgress: (done: number) => context.onProgress({ name: step.artifact.key, done, total }),
  };
  await extractVolume(step.artifact, target, extracting);
  await compareWithIndex(step.artifact, target, extracting);
  for (const path of step.paths) {
    const answer = await helper.ask(
      PLACE,
      [root, step.staging, path, step.to === null ? 'place' : 'flat'],
      context.signal,
    );
    if (answer.trim() === 'link') {
      throw new RewindError(
        'LINK_IN_THE_WAY',
        `a directory above ${path} is a link now: it would lead elsewhere`,
        {
          hint: 'Move the link away, or give --to DIR',
        },
      );
    }
    if (answer.trim() !== 'placed') {
      throw new RewindError('NO_SUCH_FILE', `${step.artifact.key} of ${step.point} has no ${path}`, {
        exit: 'notFound',
        hint: `docker rewind inspect ${step.point} --files ${step.artifact.key}`,
      });
    }
  }
}
