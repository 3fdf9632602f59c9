import { join } from 'node:path';
import { isRunning } from '../docker/containers.ts';
import { inspectImage } from '../docker/images.ts';
import type { Runner } from '../docker/runner.ts';
import { RewindError } from '../errors.ts';
import type { RestoreTag } from '../plan/steps/images.ts';
import type { Step } from '../plan/steps/index.ts';
import type { DeployedService, Deployment } from './deployment.ts';
import { keptComposeFiles, type KeptFile } from './kept-files.ts';
import type { Observation } from './observation.ts';
import { editedByHand, refuseAdded, refuseOtherImage, restoredModel } from './restored-files.ts';
import type { RecordedImage } from './rollback-image.ts';
import { backWithTags, serviceSteps } from './service-steps.ts';

export interface Reached {
  service: string;
  entry: DeployedService;
  recorded: RecordedImage;
}

/**
 * `rollback --config`: the Compose files as they were name the recorded images themselves, so nothing is edited; they
 * are put back whole. What Compose makes of them is asked beforehand, and whatever could not work is refused.
 */
export async function planConfigRollback(
  runner: Runner,
  observation: Observation,
  target: Deployment,
  reached: readonly Reached[],
): Promise<{ steps: Step[]; undo: Step[] }> {
  const { scope, project, containers } = observation;
  const kept = await keptComposeFiles(observation.stateDirectory, target);
  refuseAdded(observation, target, kept);
  const model = await restoredModel(runner, observation, target, kept);
  for (const { service, entry } of reached) refuseOtherImage(scope.project, model, target, service, entry);
  const tags = (await Promise.all(reached.map((each) => nameAgain(runner, target, each)))).flat();
  const reason = `rollback --config to ${target.id}`;
  const { forward, back } = serviceSteps(observation, {
    changes: reached.map(({ service, entry }) => ({
      service,
      image: entry.image,
      ...(entry.imageId === null ? {} : { imageId: entry.imageId }),
    })),
    services: reached.map(({ service }) => service),
    options: scope.options,
    reason,
  });
  const added = Object.keys(project.model.services).filter(
    (service) => model.services[service] === undefined && (containers.get(service) ?? []).some(isRunning),
  );
  const path = (file: KeptFile): string => join(scope.directory, file.path);
  const stamp = new Date().toISOString().replace(/[-:.]/g, '');
  const copies = join(observation.stateDirectory, 'compose', 'replaced', stamp);
  return {
    steps: [
      ...tags.map(({ step }) => step),
      ...added.map((service): Step => ({
        kind: 'stop-containers',
        resource: service,
        reason: `${target.id} did not have it`,
        containers: (containers.get(service) ?? []).filter(isRunning).map(({ id }) => id),
      })),
      ...(await editedByHand(observation, kept)).map((file): Step => ({
        kind: 'keep-copy',
        resource: file.path,
        reason: 'it was edited since the last deployment',
        path: path(file),
        copy: `${copies}-${file.path.replaceAll('/', '_')}`,
      })),
      ...kept.map((file, index): Step => ({
        kind: 'replace-file',
        resource: file.path,
        reason,
        path: path(file),
        source: file.copy,
        backup: `file-${index}`,
      })),
      ...forward,
    ],
    undo: [
      ...kept.map((file, index): Step => ({
        kind: 'unreplace-file',
        resource: file.path,
        reason: 'as it was before',
        path: path(file),
        backup: `file-${index}`,
      })),
      ...backWithTags(
        {
          ...back,
          resource: [...Object.keys(back.services), ...added].join(', '),
          services: {
            ...back.services,
            ...Object.fromEntries(added.map((service) => [service, containers.get(service) ?? []])),
          },
        },
        tags.flatMap(({ undo }) => undo ?? []),
      ),
    ],
  };
}

/** What makes the recorded reference name the recorded image; refused where it names another image now. */
async function nameAgain(
  runner: Runner,
  target: Deployment,
  { service, entry, recorded }: Reached,
): Promise<{ step: Step; undo?: RestoreTag }[]> {
  const now = await inspectImage(runner, entry.image);
  if (now !== undefined && now.id === entry.imageId) return [];
  if (now !== undefined) {
    throw new RewindError(
      'TAG_MOVED',
      `the Compose files of ${target.id} say ${entry.image} for ${service}, which names another image now`,
      {
        exit: 'refused',
        hint: `docker rewind rollback ${target.id} (without --config) goes to the recorded image`,
      },
    );
  }
  const reach = recorded.steps.map((step) => ({ step }));
  if (recorded.image === entry.image) return reach;
  const name = { resource: entry.image, reason: 'the Compose files name it so' };
  return [
    ...reach,
    {
      step: { kind: 'tag-image', ...name, source: recorded.image, target: entry.image },
      undo: { kind: 'restore-tag', ...name, image: entry.image, imageId: null },
    },
  ];
}
