import { join, relative } from 'node:path';
import type { ImageEditOptions } from '../compose/image-source/types.ts';
import { imageOf } from '../compose/project.ts';
import { inspectImages } from '../docker/images.ts';
import { isRunning } from '../docker/containers.ts';
import type { Runner } from '../docker/runner.ts';
import { RewindError } from '../errors.ts';
import type { RestoreTag } from '../plan/steps/images.ts';
import type { Step } from '../plan/steps/index.ts';
import { planChanges } from './change-plan.ts';
import { numberOf, type Deployment } from './deployment.ts';
import { allDrift } from './drift.ts';
import { draftDeployment } from './draft.ts';
import { keptComposeFiles } from './kept-files.ts';
import type { Observation } from './observation.ts';
import type { Prepared } from './prepared.ts';
import { serviceSteps, type Change } from './service-steps.ts';
import { reachImage, type RecordedImage } from './rollback-image.ts';
import { rollbackCandidates } from './rollback-target.ts';

export interface RollbackPlanRequest {
  target: Deployment;
  /** Empty: every service that the target recorded. */
  services: readonly string[];
  /** Also bring the Compose files back. */
  config: boolean;
  message?: string | undefined;
  edit: ImageEditOptions;
}

/** Makes the plan of a rollback. Changes nothing; refuses what cannot work before anything is touched. */
export async function planRollback(
  runner: Runner,
  observation: Observation,
  request: RollbackPlanRequest,
): Promise<Prepared> {
  const { target } = request;
  const names = request.services.length > 0 ? request.services : Object.keys(target.services);
  const notes: string[] = [];
  const reached: { service: string; recorded: RecordedImage }[] = [];
  for (const service of names) {
    const entry = target.services[service];
    if (entry === undefined) {
      throw new RewindError('NOT_IN_DEPLOYMENT', `${target.id} did not deploy ${service}`, {
        exit: 'refused',
        hint: `docker rewind show ${target.id}`,
      });
    }
    if (observation.project.model.services[service] === undefined && !request.config) {
      notes.push(
        `${service} of ${target.id} is no longer in the Compose files and is left out; --config brings the files back too`,
      );
      continue;
    }
    if (entry.imageId === null && entry.digest === null) continue;
    const recorded = await reachImage(runner, entry, observation.config);
    if (recorded === undefined) throw await gone(runner, observation, target, service);
    reached.push({ service, recorded });
  }
  const changes = request.config
    ? reached
    : reached.filter(({ service, recorded }) => !isRunningNow(observation, service, recorded));
  if (changes.length === 0) throw alreadyRunning(observation, target, request);
  notes.push(...changes.flatMap(({ recorded }) => recorded.note ?? []));
  const planned = request.config
    ? await planConfigRollback(observation, target, changes)
    : await planImageRollback(runner, observation, target, changes, request.edit);
  const draft = await draftDeployment(runner, observation, {
    kind: 'rollback',
    message: request.message,
    target: target.id,
    wanted: Object.fromEntries(changes.map(({ service, recorded }) => [service, recorded.image])),
    options: planned.edits?.options ?? observation.scope.options,
  });
  return {
    plan: {
      command: 'rollback',
      scope: observation.scope,
      steps: planned.steps,
      undo: planned.undo,
      subject: draft,
    },
    draft,
    observation,
    effects: planned.edits?.effects ?? [],
    notes: [...notes, ...(planned.edits?.notes ?? [])],
    drift: allDrift(observation),
  };
}

type Reached = readonly { service: string; recorded: RecordedImage }[];

function planImageRollback(
  runner: Runner,
  observation: Observation,
  target: Deployment,
  changes: Reached,
  edit: ImageEditOptions,
) {
  return planChanges(runner, observation, asChanges(changes), {
    edit,
    images: uniqueSteps(changes),
    tags: tagsOf(changes),
    reason: `rollback to ${target.id}`,
  });
}

/** The files as they were name the recorded images themselves, so nothing is edited: they are put back whole. */
async function planConfigRollback(observation: Observation, target: Deployment, changes: Reached) {
  const moved = changes.find(({ service, recorded }) => recorded.image !== target.services[service]?.image);
  if (moved !== undefined) {
    throw new RewindError(
      'TAG_MOVED',
      `the Compose files of ${target.id} say ${target.services[moved.service]?.image ?? ''} for ${moved.service}, which names another image now`,
      {
        exit: 'refused',
        hint: `docker rewind rollback ${target.id} (without --config) goes to the recorded image`,
      },
    );
  }
  const { scope, stateDirectory } = observation;
  const kept = await keptComposeFiles(stateDirectory, target);
  const reason = `rollback --config to ${target.id}`;
  const { forward, back } = serviceSteps(observation, {
    changes: asChanges(changes),
    services: changes.map(({ service }) => service),
    options: scope.options,
    reason,
  });
  const steps: Step[] = [
    ...uniqueSteps(changes),
    ...kept.map((file, index): Step => ({
      kind: 'replace-file',
      resource: file.path,
      reason,
      path: join(scope.directory, file.path),
      source: file.copy,
      backup: `file-${index}`,
    })),
    ...forward,
  ];
  const undo: Step[] = [
    ...kept.map((file, index): Step => ({
      kind: 'unreplace-file',
      resource: relative(scope.directory, join(scope.directory, file.path)),
      reason: 'as it was before',
      path: join(scope.directory, file.path),
      backup: `file-${index}`,
    })),
    ...tagsOf(changes),
    back,
  ];
  return { steps, undo, edits: undefined };
}

function asChanges(changes: Reached): Change[] {
  return changes.map(({ service, recorded }) => ({
    service,
    image: recorded.image,
    ...(recorded.imageId === undefined ? {} : { imageId: recorded.imageId }),
  }));
}

function uniqueSteps(changes: Reached): Step[] {
  const steps = changes.flatMap(({ recorded }) => recorded.steps);
  return [...new Map(steps.map((step) => [`${step.kind} ${step.resource}`, step])).values()];
}

function tagsOf(changes: Reached): RestoreTag[] {
  return changes.flatMap(({ recorded: { tagged } }) =>
    tagged === undefined
      ? []
      : [{ kind: 'restore-tag', resource: tagged.image, reason: 'as it was before', ...tagged }],
  );
}

/** Whether the service already is where it would be brought: the file says so and every container runs it. */
function isRunningNow(observation: Observation, service: string, recorded: RecordedImage): boolean {
  const containers = observation.containers.get(service) ?? [];
  return (
    imageOf(observation.project, service) === recorded.image &&
    containers.length > 0 &&
    containers.every(
      (entry) => entry.imageId === recorded.imageId && (isRunning(entry) || entry.exitCode === 0),
    )
  );
}

function alreadyRunning(
  { deployments }: Observation,
  target: Deployment,
  request: RollbackPlanRequest,
): RewindError {
  const others = rollbackCandidates(deployments)
    .filter((entry) => entry.id !== target.id)
    .map((entry) => entry.id);
  const what = request.services.length > 0 ? `${request.services.join(', ')} of ${target.id}` : target.id;
  return new RewindError('ALREADY_RUNNING', `${what} is what runs already`, {
    exit: 'refused',
    hint:
      others.length === 0
        ? 'There is no other deployment to go to'
        : `These succeeded too: ${others.slice(0, 8).join(', ')}`,
  });
}

async function gone(
  runner: Runner,
  observation: Observation,
  target: Deployment,
  service: string,
): Promise<RewindError> {
  const image = target.services[service]?.image ?? service;
  const other = await nearestRunnable(runner, observation, target);
  return new RewindError(
    'IMAGE_GONE',
    `${target.id} cannot run again: ${image} of ${service} is not on this host, and was never in a registry`,
    {
      exit: 'refused',
      hint:
        other === undefined
          ? 'No other deployment has all its images here; build and deploy that version again'
          : `The nearest deployment that can still run is ${other.id}: docker rewind rollback ${other.id}`,
    },
  );
}

/** The deployment nearest to `target` whose images are all on this host; not the one that runs. */
export async function nearestRunnable(
  runner: Runner,
  { deployments, current }: Pick<Observation, 'deployments' | 'current'>,
  target: Deployment,
): Promise<Deployment | undefined> {
  const distance = (entry: Deployment): number => Math.abs(numberOf(entry) - numberOf(target));
  const others = rollbackCandidates(deployments)
    .filter((entry) => entry.uid !== target.uid && entry.uid !== current?.uid)
    .sort((a, b) => distance(a) - distance(b));
  for (const entry of others) {
    const ids = Object.values(entry.services).flatMap((service) => service.imageId ?? []);
    const images = await inspectImages(runner, ids);
    if (ids.every((id) => images.get(id) !== undefined)) return entry;
  }
  return undefined;
}
