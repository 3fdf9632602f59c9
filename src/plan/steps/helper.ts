import type { HelperSpec } from '../../docker/helper-container.ts';
import { RewindError } from '../../errors.ts';
import { chosenHelperImage, prepareHelperImage, saveHelperImage } from '../../restore-points/helper-image.ts';
import { ensureHelper, removeHelper, type Helper } from '../../restore-points/volume/helper.ts';
import type { StepBase, StepContext } from './context.ts';

/** Have the image of the helper container on the host before anything stops. */
export interface PrepareHelper extends StepBase {
  kind: 'prepare-helper';
  /** `x-rewind.helper_image`; null: our own. */
  configured: string | null;
}

/** Remove the helper container; harmless where there is none. */
export interface RemoveHelper extends StepBase {
  kind: 'remove-helper';
  helper: HelperSpec;
}

export async function prepareHelper(step: PrepareHelper, context: StepContext): Promise<void> {
  const image = await prepareHelperImage(context.runner, { ...context, configured: step.configured });
  await saveHelperImage(context.workDirectory, image);
}

export async function removeHelperContainer(step: RemoveHelper, context: StepContext): Promise<void> {
  await removeHelper(context.runner, context.workDirectory, step.helper);
}

/** The running helper of a plan; undefined where its image was never prepared, so that no step can have used it. */
export async function existingHelper(spec: HelperSpec, context: StepContext): Promise<Helper | undefined> {
  const image = await chosenHelperImage(context.workDirectory);
  return image === undefined ? undefined : ensureHelper(context.runner, context.workDirectory, spec, image);
}

export async function helperFor(spec: HelperSpec, context: StepContext): Promise<Helper> {
  const helper = await existingHelper(spec, context);
  if (helper === undefined) throw new RewindError('HELPER_FAILED', 'the helper image was not prepared');
  return helper;
}
