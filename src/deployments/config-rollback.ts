import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { resolveShadow } from '../compose/image-source/shadow.ts';
import { imageOf, type ResolvedModel } from '../compose/project.ts';
import { canonicalReference } from '../compose/reference.ts';
import { isRunning } from '../docker/containers.ts';
import { inspectImage } from '../docker/images.ts';
import type { Runner } from '../docker/runner.ts';
import { messageOf, RewindError } from '../errors.ts';
import type { RestoreTag } from '../plan/steps/images.ts';
import type { Step } from '../plan/steps/index.ts';
import type { DeployedService, Deployment } from './deployment.ts';
import { keptComposeFiles, type KeptFile } from './kept-files.ts';
import type { Observation } from './observation.ts';
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
  const model = await modelOf(runner, observation, target, kept);
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

/** The files whose present content is kept nowhere else. */
async function editedByHand(
  { current, stateDirectory, scope }: Observation,
  kept: readonly KeptFile[],
): Promise<KeptFile[]> {
  const latest = current === undefined ? [] : await keptComposeFiles(stateDirectory, current).catch(() => []);
  const read = (path: string | undefined): Promise<string | undefined> =>
    path === undefined ? Promise.resolve(undefined) : readFile(path, 'latin1').catch(() => undefined);
  const edited = await Promise.all(
    kept.map(async (file) => {
      const now = await read(join(scope.directory, file.path));
      const known = [file.copy, latest.find((each) => each.path === file.path)?.copy];
      return now !== undefined && !(await Promise.all(known.map(read))).includes(now);
    }),
  );
  return kept.filter((_file, index) => edited[index]);
}

/** A file that Compose reads now and did not read then would still be read: the project would not be as it was. */
function refuseAdded({ project, scope }: Observation, target: Deployment, kept: readonly KeptFile[]): void {
  const then = new Set(kept.map((file) => join(scope.directory, file.path)));
  const added = project.files.find((file) => file !== '-' && !then.has(file));
  if (added === undefined) return;
  const name = relative(scope.directory, added);
  throw new RewindError('FILE_ADDED', `${target.id} was deployed without ${name}, which Compose reads now`, {
    exit: 'refused',
    hint: `Move ${name} away or leave it out of -f, or go back without --config: docker rewind rollback ${target.id}`,
  });
}

async function modelOf(
  runner: Runner,
  { project }: Observation,
  target: Deployment,
  kept: readonly KeptFile[],
): Promise<ResolvedModel> {
  const contents = await Promise.all(
    kept.map(async (file) => [join(project.directory, file.path), await readFile(file.copy)] as const),
  );
  const directories = project.files.filter((file) => file !== '-').map((file) => dirname(file));
  try {
    return await resolveShadow(project, project.options, () => new Map(contents), runner, {
      directories: [project.directory, ...directories],
      // The files of then may reach for anything that is there.
      outward: project.directory.split('/').length,
    });
  } catch (error) {
    if (!(error instanceof RewindError)) throw error;
    throw new RewindError(
      'KEPT_FILES_INVALID',
      `the Compose files of ${target.id} cannot be used here any more: ${messageOf(error)}`,
      {
        exit: 'refused',
        hint: `docker rewind rollback ${target.id} brings its images back without the files`,
        cause: error,
      },
    );
  }
}

function refuseOtherImage(
  name: string,
  model: ResolvedModel,
  target: Deployment,
  service: string,
  entry: DeployedService,
): void {
  const image = model.services[service] === undefined ? undefined : imageOf({ name, model }, service);
  if (image !== undefined && canonicalReference(image) === canonicalReference(entry.image)) return;
  throw new RewindError(
    'IMAGE_ELSEWHERE',
    image === undefined
      ? `the Compose files of ${target.id} have no ${service} here: it came from a file that is not kept`
      : `with the Compose files of ${target.id} ${service} would run ${image}, not ${entry.image}: part of its image comes from an env file or the environment, which are not kept`,
    {
      exit: 'refused',
      hint: `First the images: docker rewind rollback ${target.id}; then the files: docker rewind rollback ${target.id} --config`,
    },
  );
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
