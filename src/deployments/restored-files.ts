import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { resolveShadow } from '../compose/image-source/shadow.ts';
import { imageOf, type ResolvedModel } from '../compose/project.ts';
import { canonicalReference } from '../compose/reference.ts';
import type { Runner } from '../docker/runner.ts';
import { messageOf, RewindError } from '../errors.ts';
import type { DeployedService, Deployment } from './deployment.ts';
import { keptComposeFiles, type KeptFile } from './kept-files.ts';
import type { Observation } from './observation.ts';

/** The files whose present content is kept nowhere else. */
export async function editedByHand(
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
export function refuseAdded(
  { project, scope }: Observation,
  target: Deployment,
  kept: readonly KeptFile[],
): void {
  const then = new Set(kept.map((file) => join(scope.directory, file.path)));
  const added = project.files.find((file) => file !== '-' && !then.has(file));
  if (added === undefined) return;
  const name = relative(scope.directory, added);
  throw new RewindError('FILE_ADDED', `${target.id} was deployed without ${name}, which Compose reads now`, {
    exit: 'refused',
    hint: `Move ${name} away or leave it out of -f, or go back without --config: docker rewind rollback ${target.id}`,
  });
}

/** What Compose makes of the files as they were; refused where it takes them no more. */
export async function restoredModel(
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

/** Refuses where a service would run something else than was recorded: then its image is not in these files alone. */
export function refuseOtherImage(
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
