import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lastLine } from '../docker/engine-error.ts';
import { inspectImage, pullArgv } from '../docker/images.ts';
import type { Argv, Runner } from '../docker/runner.ts';
import { RewindError } from '../errors.ts';
import { writeDurably } from '../plan/durable.ts';

// The number changes with the recipe: an image of an older version of this program is not taken for it.
const OWN_IMAGE = 'docker-rewind/helper:2';
const RECIPE = `FROM alpine:3.20
RUN apk add --no-cache tar zstd acl attr findutils coreutils sqlite
LABEL docker-rewind.helper-image=2
`;
// Without a registry: what may be on the host anyway. It has BusyBox only.
const FALLBACKS = ['alpine:3.20', 'alpine:latest', 'alpine', 'busybox:latest'];

const buildArgv: Argv = ['docker', 'image', 'build', '--quiet', '--tag', OWN_IMAGE, '-'];

export interface HelperImageOptions {
  /** `x-rewind.helper_image` */
  configured: string | null;
  signal: AbortSignal;
  onLine: (line: string) => void;
}

/**
 * Sees to it that the helper's image is on the host: the configured one, else our own (built once), else one that has
 * BusyBox. Throws NO_HELPER_IMAGE where there is none.
 */
export async function prepareHelperImage(runner: Runner, options: HelperImageOptions): Promise<string> {
  const { configured, signal, onLine } = options;
  const wanted = configured ?? OWN_IMAGE;
  if ((await inspectImage(runner, wanted)) !== undefined) return wanted;
  onLine(configured === null ? `building ${wanted}` : `pulling ${wanted}`);
  const made =
    configured === null
      ? await runner.run(buildArgv, { input: RECIPE, signal })
      : await runner.run(pullArgv(wanted), { signal });
  if (made.exitCode === 0) return wanted;
  if (signal.aborted) throw signal.reason;
  if (configured === null) {
    for (const image of FALLBACKS) {
      if ((await inspectImage(runner, image)) === undefined) continue;
      onLine(`${wanted} cannot be built; ${image} is used, which does not keep everything`);
      return image;
    }
  }
  throw new RewindError('NO_HELPER_IMAGE', `the helper image ${wanted} cannot be had: ${lastLine(made)}`, {
    hint: 'Set x-rewind.helper_image to an image on this host that has GNU tar, find, coreutils and zstd; docker rewind deploy --no-backup does without',
  });
}

/** Remembers the choice for the steps that follow. */
export async function saveHelperImage(workDirectory: string, image: string): Promise<void> {
  await writeDurably(join(workDirectory, 'helper.json'), JSON.stringify({ image }));
}

/** The choice; undefined where none was made yet. */
export async function chosenHelperImage(workDirectory: string): Promise<string | undefined> {
  const text = await readFile(join(workDirectory, 'helper.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as { image: string }).image;
}
