import { engineError } from '../../docker/engine-error.ts';
import { inspectImage, pullImage, pushArgv, tagArgv, untagArgv } from '../../docker/images.ts';
import { RewindError } from '../../errors.ts';
import type { StepBase, StepContext } from './context.ts';

/** Pull `image`. With `orLocal`, an image that is already here will do when the registry does not answer. */
export interface PullImage extends StepBase {
  kind: 'pull-image';
  image: string;
  orLocal: boolean;
}

/** `docker tag source target`; `source` may be an image ID. */
export interface TagImage extends StepBase {
  kind: 'tag-image';
  source: string;
  target: string;
}

export interface PushImage extends StepBase {
  kind: 'push-image';
  image: string;
}

/** Make `image` name `imageId` again, or nothing when it named nothing before (and the image has another name). */
export interface RestoreTag extends StepBase {
  kind: 'restore-tag';
  image: string;
  imageId: string | null;
}

export async function pull(step: PullImage, context: StepContext): Promise<void> {
  try {
    await pullImage(context.runner, step.image, context);
  } catch (error) {
    const local = step.orLocal && !context.signal.aborted && (await inspectImage(context.runner, step.image));
    if (!local) throw error;
    context.onLine(`${step.image} could not be pulled; the image on this host is used`);
  }
}

export async function tag(step: TagImage, context: StepContext): Promise<void> {
  const result = await context.runner.run(tagArgv(step.source, step.target), context);
  if (result.exitCode !== 0) throw engineError(result, `tagging ${step.target}`);
}

export async function push(step: PushImage, context: StepContext): Promise<void> {
  const result = await context.runner.run(pushArgv(step.image), context);
  if (result.exitCode === 0) return;
  const error = engineError(result, `pushing ${step.image}`);
  throw new RewindError('PUSH_FAILED', error.message, {
    hint: 'docker login to the registry, or deploy without --push',
    details: error.details,
  });
}

export async function restoreTag(step: RestoreTag, context: StepContext): Promise<void> {
  const now = await inspectImage(context.runner, step.image);
  if ((now?.id ?? null) === step.imageId) return;
  // With its last name the engine would delete the image itself, perhaps one that somebody wants to go back to.
  if (step.imageId === null && (now?.repoTags ?? []).length < 2) return;
  const argv = step.imageId === null ? untagArgv(step.image) : tagArgv(step.imageId, step.image);
  const result = await context.runner.run(argv, context);
  if (result.exitCode !== 0) throw engineError(result, `putting the tag ${step.image} back`);
}
