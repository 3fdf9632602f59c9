import type { ImageEditOptions } from '../compose/image-source/types.ts';
import { imageOf } from '../compose/project.ts';
import { formatReference, tryParseReference, withTag } from '../compose/reference.ts';
import { releasedServices } from '../compose/rewind-config.ts';
import type { Runner } from '../docker/runner.ts';
import { inspectImages, type LocalImage } from '../docker/images.ts';
import { RewindError } from '../errors.ts';
import type { RestoreTag } from '../plan/steps/images.ts';
import type { Step } from '../plan/steps/index.ts';
import { planBackupBefore } from './backup-before.ts';
import { planChanges } from './change-plan.ts';
import { concernedServices } from './concerned.ts';
import { allDrift } from './drift.ts';
import { draftDeployment } from './draft.ts';
import type { Observation } from './observation.ts';
import type { Prepared } from './prepared.ts';
import { chooseTargets, type DeployRequest, type Target } from './targets.ts';

/** Makes the plan of a deploy. Changes nothing. */
export async function planDeploy(
  runner: Runner,
  observation: Observation,
  request: DeployRequest & { message?: string | undefined; edit: ImageEditOptions; backup: boolean },
): Promise<Prepared> {
  const { project, scope, containers } = observation;
  const targets = await chooseTargets(runner, observation, request);
  const dependencies = concernedServices(
    project.model,
    containers,
    targets.map((target) => target.service),
  )
    .filter((service) => !targets.some((target) => target.service === service))
    .map((service): Target => ({ service, image: imageOf(project, service), build: false, mutable: false }));
  const wanted = [...targets, ...dependencies];
  const local = await inspectImages(
    runner,
    wanted.flatMap(({ image }) => [image, latestOf(image)]),
  );
  const released = releasedOf(targets, observation, request);
  const images = [
    ...bringSteps(wanted, local, (service) => project.model.services[service]?.build !== undefined),
    ...pushSteps(released, request),
  ];
  const what = targets.map((target) => `${target.service}=${target.image}`).join(' ');
  const backup = await planBackupBefore(runner, observation, {
    wanted: request.backup,
    reason: `deploy ${what}`,
    targets,
  });
  const change = await planChanges(runner, observation, targets, {
    edit: request.edit,
    images: [...images, ...backup.steps],
    tags: tagsToRestore(images, local),
    reason: `deploy ${what}`,
  });
  const draft = await draftDeployment(runner, observation, {
    kind: 'deploy',
    message: request.message,
    wanted: Object.fromEntries(targets.map((target) => [target.service, target.image])),
    options: change.edits.options,
    restorePoint: backup.point,
  });
  return {
    plan: {
      command: 'deploy',
      scope,
      steps: change.steps,
      // The services first: somebody waits for them.
      undo: [...change.undo, ...backup.resume, ...backup.undo],
      ...(backup.finish.length === 0 ? {} : { finish: backup.finish }),
      subject: draft,
    },
    draft,
    observation,
    effects: change.edits.effects,
    notes: [...backup.notes, ...change.edits.notes],
    drift: allDrift(observation),
  };
}

/** What --push and --also-latest are about: never a database that happens to be deployed along. */
function releasedOf(
  targets: readonly Target[],
  { project, config }: Observation,
  request: DeployRequest,
): Target[] {
  const names = releasedServices(project.model, config);
  const released = targets.filter((target) => target.build || names.includes(target.service));
  if (released.length > 0 || !(request.push || request.alsoLatest)) return released;
  const flag = request.push ? '--push' : '--also-latest';
  throw new RewindError(
    'NOTHING_RELEASED',
    `${flag}: ${targets.map((target) => target.service).join(', ')} is not released here (no build:)`,
    {
      exit: 'refused',
      hint: `Deploy without ${flag}, or set x-rewind.services.NAME.release: true`,
    },
  );
}

/** The steps that bring the images to this host. */
function bringSteps(
  targets: readonly Target[],
  local: ReadonlyMap<string, LocalImage | undefined>,
  canBuild: (service: string) => boolean,
): Step[] {
  const built = targets.filter((target) => target.build);
  const steps: Step[] = [];
  if (built.length > 0) {
    const images = Object.fromEntries(built.map((target) => [target.service, target.image]));
    steps.push({ kind: 'build-images', resource: Object.keys(images).join(', '), reason: '--build', images });
  }
  for (const { image, service, mutable } of unique(targets.filter((target) => !target.build))) {
    const here = local.get(image) !== undefined;
    if (here && (!mutable || canBuild(service))) continue;
    // Compose names what it builds itself when the file names no image: no registry can have it.
    if (!here && canBuild(service) && !image.includes(':') && !image.includes('/'))
      throw notBuilt(service, image);
    const reason = here ? 'its tag may have moved' : 'it is not on this host';
    steps.push({ kind: 'pull-image', resource: image, reason, image, orLocal: here });
  }
  return steps;
}

function pushSteps(released: readonly Target[], request: DeployRequest): Step[] {
  const steps: Step[] = [];
  for (const { image } of unique(released)) {
    if (request.push) steps.push({ kind: 'push-image', resource: image, reason: '--push', image });
    if (!request.alsoLatest) continue;
    const latest = latestOf(image);
    steps.push({
      kind: 'tag-image',
      resource: latest,
      reason: '--also-latest',
      source: image,
      target: latest,
    });
    if (request.push)
      steps.push({ kind: 'push-image', resource: latest, reason: '--push --also-latest', image: latest });
  }
  return steps;
}

/** The tags that the steps may move, as they are now. A tag that is new is kept: its image cost time to get. */
function tagsToRestore(
  steps: readonly Step[],
  local: ReadonlyMap<string, LocalImage | undefined>,
): RestoreTag[] {
  const moved = steps.flatMap((step): string[] => {
    if (step.kind === 'build-images') return Object.values(step.images);
    if (step.kind === 'pull-image') return [step.image];
    return step.kind === 'tag-image' ? [step.target] : [];
  });
  return [...new Set(moved)].flatMap((image) => {
    const before = local.get(image);
    if (before === undefined && !steps.some((step) => step.kind === 'tag-image' && step.target === image))
      return [];
    return [
      {
        kind: 'restore-tag',
        resource: image,
        reason: 'as it was before',
        image,
        imageId: before?.id ?? null,
      },
    ];
  });
}

function latestOf(image: string): string {
  const reference = tryParseReference(image);
  return reference === undefined ? image : formatReference(withTag(reference, 'latest'));
}

function unique(targets: readonly Target[]): Target[] {
  return [...new Map(targets.map((target) => [target.image, target])).values()];
}

function notBuilt(service: string, image: string): RewindError {
  return new RewindError('NOT_BUILT', `${service} has build: and no image of it (${image}) was built yet`, {
    exit: 'refused',
    hint: 'docker rewind deploy --build',
  });
}
