import { jsonAnswer } from './answer.ts';
import { canonicalReference, tryParseReference } from '../compose/reference.ts';
import { engineError, isUnreachable, lastLine } from './engine-error.ts';
import type { Argv, Runner, RunOptions } from './runner.ts';
import { RewindError } from '../errors.ts';

/** An image in the engine. */
export interface LocalImage {
  /** `sha256:…` */
  id: string;
  /** `repository@sha256:…` for every registry it is known from. */
  repoDigests: string[];
  repoTags: string[];
}

export const inspectImageArgv = (reference: string): Argv => ['docker', 'image', 'inspect', reference];
export const pullArgv = (reference: string): Argv => ['docker', 'image', 'pull', '--quiet', reference];
export const pushArgv = (reference: string): Argv => ['docker', 'image', 'push', reference];
export const tagArgv = (source: string, target: string): Argv => ['docker', 'image', 'tag', source, target];
export const untagArgv = (reference: string): Argv => ['docker', 'image', 'rm', '--no-prune', reference];

// What the engine says of an image that is not there, and of a name that none can have. Anything else it says is
// about itself: an image that could not be looked up must not be taken for one that is gone.
const NO_SUCH_IMAGE = /no such (?:image|object)|invalid reference format/i;

/** The image that `reference` (or an image ID) names in the engine now; undefined where there is none. */
export async function inspectImage(runner: Runner, reference: string): Promise<LocalImage | undefined> {
  const result = await runner.run(inspectImageArgv(reference));
  if (result.exitCode !== 0) {
    if (isUnreachable(result) || !NO_SUCH_IMAGE.test(result.stderr))
      throw engineError(result, `looking for the image ${reference}`);
    return undefined;
  }
  const [image] = jsonAnswer<{ Id: string; RepoDigests?: string[]; RepoTags?: string[] }[]>(
    result.stdout,
    `the image ${reference}`,
  );
  if (image === undefined) return undefined;
  return { id: image.Id, repoDigests: image.RepoDigests ?? [], repoTags: image.RepoTags ?? [] };
}

/** Inspects many at once, each reference only once. */
export async function inspectImages(
  runner: Runner,
  references: Iterable<string>,
): Promise<Map<string, LocalImage | undefined>> {
  const unique = [...new Set(references)];
  const images = await Promise.all(unique.map((reference) => inspectImage(runner, reference)));
  return new Map(unique.map((reference, index) => [reference, images[index]]));
}

/** The registry's digest of `image` under the repository that `reference` names; undefined for what was never pushed or pulled. */
export function digestOf(image: LocalImage, reference: string): string | undefined {
  const wanted = repository(reference);
  const match = image.repoDigests.find((entry) => repository(entry) === wanted);
  return match?.slice(match.indexOf('@') + 1);
}

function repository(reference: string): string {
  return tryParseReference(canonicalReference(reference))?.name ?? reference;
}

/** Pulls; throws IMAGE_NOT_FOUND where neither host nor registry has it. */
export async function pullImage(runner: Runner, reference: string, options: RunOptions = {}): Promise<void> {
  const result = await runner.run(pullArgv(reference), options);
  if (result.exitCode === 0) return;
  if (
    isUnreachable(result) &&
    /daemon|docker\.sock/i.test(result.stderr) &&
    !/registry|lookup/i.test(result.stderr)
  ) {
    throw engineError(result);
  }
  throw new RewindError(
    'IMAGE_NOT_FOUND',
    `${reference} is not on this host and cannot be pulled: ${lastLine(result)}`,
    {
      hint: 'Check the name and tag, push the image, or docker login to its registry',
    },
  );
}
