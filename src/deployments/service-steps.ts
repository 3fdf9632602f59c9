import type { ComposeOptions } from '../compose/options.ts';
import { imageOf } from '../compose/project.ts';
import { isRunning } from '../docker/containers.ts';
import type { RestoreTag } from '../plan/steps/images.ts';
import type { Step } from '../plan/steps/index.ts';
import type { RestoreServices } from '../plan/steps/restore-services.ts';
import { replicas } from '../plan/steps/restore-services.ts';
import type { ComposeUp } from '../plan/steps/up.ts';
import type { VerifyImages, WantedImage } from '../plan/steps/verify-images.ts';
import { withDependencies } from './concerned.ts';
import type { Observation } from './observation.ts';

/** A service, the reference that its file shall say, and what every container of it must run in the end. */
export interface Change {
  service: string;
  image: string;
  /** Known beforehand in a rollback; a deploy verifies against what `image` names once it is here. */
  imageId?: string;
}

/** Bring services up, check what they run; and the way back: everything that `up` may touch, as observed now. */
export function serviceSteps(
  observation: Observation,
  request: {
    changes: readonly Change[];
    services: readonly string[];
    options: ComposeOptions;
    reason: string;
  },
): { forward: [ComposeUp, VerifyImages]; back: RestoreServices } {
  const { containers, project } = observation;
  const { services, changes, options, reason } = request;
  const touched = withDependencies(project.model, services);
  const isolated = touched.some((name) => !services.includes(name) && isDiverged(observation, name));
  const scale = Object.fromEntries(
    touched.flatMap((service) => {
      const running = (containers.get(service) ?? []).filter(isRunning).length;
      return running > 0 && running !== replicas(project.model, service) ? [[service, running] as const] : [];
    }),
  );
  const wanted = changes.map(({ service, image, imageId }): [string, WantedImage] => [
    service,
    {
      image,
      ...(imageId === undefined ? {} : { imageId }),
      ...((containers.get(service) ?? []).some(isRunning) ? { ran: true } : {}),
    },
  ]);
  return {
    forward: [
      { kind: 'compose-up', resource: services.join(', '), reason, services, isolated, scale, options },
      {
        kind: 'verify-images',
        resource: changes.map((change) => change.service).join(', '),
        reason: 'it succeeded only when its images run',
        services: Object.fromEntries(wanted),
        restarts: Object.fromEntries(
          [...containers.values()].flat().map(({ id, restartCount }) => [id, restartCount]),
        ),
      },
    ],
    back: {
      kind: 'restore-services',
      resource: touched.join(', '),
      reason: 'as observed before',
      isolated,
      services: Object.fromEntries(touched.map((service) => [service, containers.get(service) ?? []])),
    },
  };
}

/**
 * Tags are moved back before the services are, which may need them; one that is new is removed only when no container
 * of the attempt uses it any more: the engine would refuse.
 */
export function backWithTags(back: RestoreServices, tags: readonly RestoreTag[]): Step[] {
  const isNew = (tag: RestoreTag): boolean => tag.imageId === null;
  return [...tags.filter((tag) => !isNew(tag)), back, ...tags.filter(isNew)];
}

/** Whether Compose would replace the containers of a service although nobody asked for that (somebody edited its file). */
function isDiverged({ containers, hashes, images, project }: Observation, service: string): boolean {
  const expected = hashes.get(service);
  const image = images.get(imageOf(project, service));
  return (containers.get(service) ?? []).some(
    (container) =>
      (expected !== undefined && !expected.whole.has(container.configHash)) ||
      (image !== undefined && container.imageId !== image.id),
  );
}
