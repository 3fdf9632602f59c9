import { byService, listContainers, type ContainerState } from '../../docker/containers.ts';
import { inspectImage } from '../../docker/images.ts';
import { RewindError } from '../../errors.ts';
import type { StepBase, StepContext } from './context.ts';
import { lastLogs } from './up.ts';

export interface WantedImage {
  image: string;
  imageId?: string;
  /** It ran before, so it is no job: one that ends at once has failed, also with exit code 0. */
  ran?: boolean;
}

/** Every container of each service must run exactly this image. Without `imageId`, the one that `image` names now. */
export interface VerifyImages extends StepBase {
  kind: 'verify-images';
  services: Readonly<Record<string, WantedImage>>;
}

export async function verifyImages(step: VerifyImages, context: StepContext): Promise<void> {
  const running = byService(await listContainers(context.runner, context.scope.project));
  for (const [service, target] of Object.entries(step.services)) {
    const imageId = target.imageId ?? (await inspectImage(context.runner, target.image))?.id;
    if (imageId === undefined) {
      throw new RewindError('IMAGE_GONE', `${target.image} disappeared from this host while it was deployed`);
    }
    const containers = running.get(service) ?? [];
    for (const container of containers) {
      if (container.imageId !== imageId) {
        throw new RewindError(
          'WRONG_IMAGE',
          `${container.name} runs ${container.imageId.slice(0, 19)} (${container.image}), not ${imageId.slice(0, 19)} (${target.image})`,
        );
      }
    }
    const crashed = containers.filter(
      (container) => isCrashing(container) || (target.ran === true && container.status === 'exited'),
    );
    if (crashed.length > 0) {
      throw new RewindError(
        'CRASHING',
        `${crashed.map((container) => container.name).join(', ')} came up and went down again`,
        {
          details: await lastLogs(context, crashed),
        },
      );
    }
  }
}

/** A new container that the engine had to start again, or that ended with an error. */
function isCrashing(container: ContainerState): boolean {
  return (
    container.status === 'restarting' ||
    container.status === 'dead' ||
    (container.status === 'exited' && container.exitCode !== 0) ||
    container.restartCount > 0
  );
}
