import { byService, listContainers, type ContainerState } from '../../docker/containers.ts';
import { inspectImages } from '../../docker/images.ts';
import { RewindError } from '../../errors.ts';
import type { Findings, StepBase, StepContext } from './context.ts';
import { lastWords } from './last-words.ts';

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
  /** How often the engine had restarted each container that was there before, by its ID. */
  restarts: Readonly<Record<string, number>>;
}

/** Returns all containers of the project as they are then, and the images that were asked for. */
export async function verifyImages(step: VerifyImages, context: StepContext): Promise<Findings> {
  const references = Object.values(step.services).map((target) => target.imageId ?? target.image);
  const [containers, images] = await Promise.all([
    listContainers(context.runner, context.scope.project),
    inspectImages(context.runner, references),
  ]);
  const running = byService(containers);
  for (const [service, target] of Object.entries(step.services)) {
    const imageId = images.get(target.imageId ?? target.image)?.id;
    if (imageId === undefined) {
      throw new RewindError('IMAGE_GONE', `${target.image} disappeared from this host while it was deployed`);
    }
    const own = running.get(service) ?? [];
    for (const container of own) {
      if (container.imageId !== imageId) {
        throw new RewindError(
          'WRONG_IMAGE',
          `${container.name} runs ${container.imageId.slice(0, 19)} (${container.image}), not ${imageId.slice(0, 19)} (${target.image})`,
        );
      }
    }
    const crashed = own.filter(
      (container) =>
        isCrashing(container, step.restarts[container.id] ?? 0) ||
        (target.ran === true && container.status === 'exited'),
    );
    if (crashed.length > 0) {
      throw new RewindError(
        'CRASHING',
        `${crashed.map((container) => container.name).join(', ')} came up and went down again`,
        {
          details: await lastWords(context, crashed),
        },
      );
    }
  }
  return { containers, images: [...images.values()].filter((image) => image !== undefined) };
}

/** One that the engine had to start again since, or that ended with an error. */
function isCrashing(container: ContainerState, restartsBefore: number): boolean {
  return (
    container.status === 'restarting' ||
    container.status === 'dead' ||
    (container.status === 'exited' && container.exitCode !== 0) ||
    container.restartCount > restartsBefore
  );
}
