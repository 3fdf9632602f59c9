import type { ImageEditOptions } from '../compose/image-source/types.ts';
import { imageOf } from '../compose/project.ts';
import { inspectImages } from '../docker/images.ts';
import type { Runner } from '../docker/runner.ts';
import { RewindError } from '../errors.ts';
import type { RestoreTag } from '../plan/steps/images.ts';
import type { Step } from '../plan/steps/index.ts';
import { planChanges } from './change-plan.ts';
import { numberOf, type Deployment } from './deployment.ts';
import { planConfigRollback, type Reached } from './config-rollback.ts';
import { allDrift, isUp } from './drift.ts';
import { draftDeployment } from './draft.ts';
import type { Observation } from './observation.ts';
import type { Prepared } from './prepared.ts';
import type { Change } from './service-steps.ts';
import { reachImage } from './rollback-image.ts';
import { rollbackCandidates, whatWorks } from './rollback-target.ts';
import { sameImages } from './select.ts';

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
  const reached: Reached[] = [];
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
    const recorded = await reachImage(runner, entry, observation);
    if (recorded === undefined) throw await gone(runner, observation, target, service);
    reached.push({ service, entry, recorded });
  }
  const changes = request.config ? reached : differing(observation, reached);
  if (changes.length === 0) throw alreadyRunning(observation, target, request);
  notes.push(...changes.flatMap(({ recorded }) => recorded.note ?? []));
  const planned = request.config
    ? { ...(await planConfigRollback(runner, observation, target, changes)), edits: undefined }
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

function planImageRollback(
  runner: Runner,
  observation: Observation,
  target: Deployment,
  changes: readonly Reached[],
  edit: ImageEditOptions,
) {
  return planChanges(runner, observation, asChanges(changes), {
    edit,
    images: uniqueSteps(changes),
    tags: tagsOf(changes),
    reason: `rollback to ${target.id}`,
  });
}

function asChanges(changes: readonly Reached[]): Change[] {
  return changes.map(({ service, recorded }) => ({
    service,
    image: recorded.image,
    ...(recorded.imageId === undefined ? {} : { imageId: recorded.imageId }),
  }));
}

function uniqueSteps(changes: readonly Reached[]): Step[] {
  const steps = changes.flatMap(({ recorded }) => recorded.steps);
  return [...new Map(steps.map((step) => [`${step.kind} ${step.resource}`, step])).values()];
}

function tagsOf(changes: readonly Reached[]): RestoreTag[] {
  return changes.flatMap(({ recorded: { tagged } }) =>
    tagged === undefined
      ? []
      : [{ kind: 'restore-tag', resource: tagged.image, reason: 'as it was before', ...tagged }],
  );
}

/**
 * The services that do not run what is recorded, or whose file says something else. When there are none: those that
 * would be replaced by the next `docker compose up`, because their tag was moved.
 */
function differing(observation: Observation, reached: readonly Reached[]): Reached[] {
  const other = reached.filter((each) => !isRunningNow(observation, each));
  return other.length > 0 ? other : reached.filter((each) => !isNamed(observation, each));
}

function isRunningNow(observation: Observation, { service, entry, recorded }: Reached): boolean {
  const containers = observation.containers.get(service) ?? [];
  return (
    [recorded.image, entry.image].includes(imageOf(observation.project, service)) &&
    containers.length > 0 &&
    containers.every((container) => container.imageId === recorded.imageId && isUp(observation, container))
  );
}

function isNamed({ project, images }: Observation, { service, entry, recorded }: Reached): boolean {
  const file = imageOf(project, service);
  return file === recorded.image || (file === entry.image && images.get(file)?.id === entry.imageId);
}

function alreadyRunning(
  { deployments }: Observation,
  target: Deployment,
  request: RollbackPlanRequest,
): RewindError {
  const what = request.services.length > 0 ? `${request.services.join(', ')} of ${target.id}` : target.id;
  return new RewindError('ALREADY_RUNNING', `${what} is what runs already`, {
    exit: 'refused',
    hint: whatWorks(deployments, target),
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
    .filter((entry) => entry.uid !== target.uid && (current === undefined || !sameImages(entry, current)))
    .sort((a, b) => distance(a) - distance(b));
  for (const entry of others) {
    const ids = Object.values(entry.services).flatMap((service) => service.imageId ?? []);
    const images = await inspectImages(runner, ids);
    if (ids.every((id) => images.get(id) !== undefined)) return entry;
  }
  return undefined;
}
