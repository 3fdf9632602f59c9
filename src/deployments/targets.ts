import { composeFilesOf } from '../compose/file-tree.ts';
import { envFiles } from '../compose/files.ts';
import { imageOf } from '../compose/project.ts';
import { formatReference, isTag, parseReference, tryParseReference, withTag } from '../compose/reference.ts';
import { releasedServices, type RewindConfig } from '../compose/rewind-config.ts';
import type { Runner } from '../docker/runner.ts';
import { RewindError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { revisionTag } from './git.ts';
import type { Observation } from './observation.ts';

/** What `deploy` was asked for. */
export interface DeployRequest {
  /** `SERVICE=REF`, or `SERVICE` alone: that service as the file says, or with `tag`. */
  services: readonly string[];
  tag?: string;
  build: boolean;
  push: boolean;
  alsoLatest: boolean;
  allowDirty: boolean;
  allowMutable: boolean;
}

/** One service and the image that it shall run. */
export interface Target {
  service: string;
  image: string;
  /** Made here with `docker compose build` instead of pulled. */
  build: boolean;
  /** Its tag may name something else tomorrow: the digest is recorded, and a rollback uses it. */
  mutable: boolean;
}

/** Which services shall run which images. Throws for unknown services, malformed references and mutable tags. */
export async function chooseTargets(
  runner: Runner,
  observation: Pick<Observation, 'project' | 'config'>,
  request: DeployRequest,
): Promise<Target[]> {
  const { project, config } = observation;
  const { model } = project;
  if (request.tag !== undefined && !isTag(request.tag)) {
    throw new RewindError('INVALID_TAG', `"${request.tag}" is not a tag`, {
      exit: 'usage',
      hint: 'A tag has up to 128 letters, digits, dots, dashes and underscores, like 1.4.2 or g7h8i9j',
    });
  }
  const given = request.services.map((argument) => parseArgument(argument, Object.keys(model.services)));
  const explicit = new Map(given.map((entry) => [entry.service, entry.image]));
  const names = chooseNames(
    observation,
    request,
    given.map((entry) => entry.service),
  );
  const isBuilt = (service: string): boolean => request.build && model.services[service]?.build !== undefined;
  // Git is asked only where it has to name something.
  const unnamed = names.some((service) => isBuilt(service) && explicit.get(service) === undefined);
  const revision =
    request.tag === undefined && unnamed ? await buildTag(runner, observation, request) : undefined;
  const targets = names.map((service): Target => {
    const present = imageOf(project, service);
    const reference = tryParseReference(present);
    const build = isBuilt(service);
    const tag = request.tag ?? (build ? revision : undefined);
    const wanted =
      explicit.get(service) ??
      (tag === undefined || reference === undefined ? present : formatReference(withTag(reference, tag)));
    return { service, image: wanted, build, mutable: mutability(wanted, config) !== undefined };
  });
  if (!request.allowMutable) refuseMutable(targets, config);
  return targets;
}

function parseArgument(argument: string, services: readonly string[]): { service: string; image?: string } {
  const equals = argument.indexOf('=');
  const service = equals < 0 ? argument : argument.slice(0, equals);
  if (!services.includes(service)) {
    const near = nearest(service, services);
    throw new RewindError('UNKNOWN_SERVICE', `there is no service "${service}"`, {
      exit: 'usage',
      hint: near === undefined ? `The services are ${services.join(', ')}` : `Did you mean ${near}?`,
    });
  }
  if (equals < 0) return { service };
  return { service, image: formatReference(parseReference(argument.slice(equals + 1))) };
}

function chooseNames(
  { project, config }: Pick<Observation, 'project' | 'config'>,
  request: DeployRequest,
  given: readonly string[],
): string[] {
  if (given.length > 0) return [...new Set(given)];
  if (request.tag === undefined && !request.build) return [...project.activeServices];
  const names = releasedServices(project.model, config).filter(
    (service) => request.tag !== undefined || project.model.services[service]?.build !== undefined,
  );
  if (names.length > 0) return names;
  throw new RewindError('NOTHING_RELEASED', 'no service is released here: none has build:', {
    exit: 'refused',
    hint: 'Name the service (docker rewind deploy api=…), or set x-rewind.services.NAME.release: true',
  });
}

/** The files that a deploy edits itself do not make a tree dirty: else every second `--build` would be refused. */
async function buildTag(
  runner: Runner,
  { project }: Pick<Observation, 'project'>,
  request: DeployRequest,
): Promise<string> {
  const { options, directory, cwd, env } = project;
  const own = [...(await composeFilesOf(project, options)), ...envFiles(options, directory, cwd, env)];
  return revisionTag(runner, directory, own, request.allowDirty);
}

/** Why an image reference does not say for good what runs; undefined where it does. */
export function mutability(image: string, config: RewindConfig): string | undefined {
  const reference = tryParseReference(image);
  if (reference === undefined || reference.digest !== undefined) return undefined;
  if (reference.tag === undefined) return 'has no tag';
  if (reference.tag === 'latest') return 'is tagged latest';
  if (config.mutable_tags.includes(reference.tag))
    return `has the tag ${reference.tag}, one of x-rewind.mutable_tags`;
  return undefined;
}

function refuseMutable(targets: readonly Target[], config: RewindConfig): void {
  const bad = targets.filter((target) => target.mutable);
  const [first] = bad;
  if (first === undefined) return;
  const others =
    bad.length > 1
      ? ` (and ${bad
          .slice(1)
          .map((target) => target.service)
          .join(', ')} likewise)`
      : '';
  throw new RewindError(
    'MUTABLE_TAG',
    `${first.service}: ${first.image} ${mutability(first.image, config) ?? ''}${others}: nobody could say later what ran, so there would be nothing to go back to`,
    {
      exit: 'refused',
      hint: 'Deploy a tag that is never moved (docker rewind deploy --build makes one), or use --allow-mutable to record the digest',
    },
  );
}
