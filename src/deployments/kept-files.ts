import { chmod, copyFile, readFile, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { ComposeOptions } from '../compose/options.ts';
import { composeFilesOf } from '../compose/file-tree.ts';
import type { Project } from '../compose/project.ts';
import { RewindError } from '../errors.ts';
import { makePrivateDirectory, writeDurably } from '../plan/durable.ts';
import { diskError } from '../plan/state-directory.ts';
import type { Deployment } from './deployment.ts';

/** One Compose file as it was after a deployment. */
export interface KeptFile {
  /** Relative to the project directory. */
  path: string;
  /** Absolute: where the copy is. */
  copy: string;
}

const directoryOf = (stateDirectory: string, deployment: Deployment): string =>
  join(stateDirectory, 'compose', `${deployment.id}-${deployment.uid}`);

/**
 * Keeps the Compose files of a deployment for `rollback --config`. Env files are left out: they hold secrets, and the
 * images that they name are in the record.
 */
export async function keepComposeFiles(
  stateDirectory: string,
  deployment: Deployment,
  project: Project,
  options: ComposeOptions,
): Promise<void> {
  const directory = directoryOf(stateDirectory, deployment);
  try {
    await makePrivateDirectory(directory);
    const paths = await composeFilesOf(project, options);
    const index = paths.map((path, position) => ({
      path: relative(project.directory, path),
      copy: String(position),
    }));
    await Promise.all(
      index.map(async ({ path, copy }) => {
        await copyFile(resolve(project.directory, path), join(directory, copy));
        await chmod(join(directory, copy), 0o600);
      }),
    );
    await writeDurably(join(directory, 'index.json'), JSON.stringify(index));
  } catch (error) {
    throw diskError(error, directory);
  }
}

/** Takes the copies of a deployment away that could not be recorded. Never fails. */
export async function dropComposeFiles(stateDirectory: string, deployment: Deployment): Promise<void> {
  await rm(directoryOf(stateDirectory, deployment), { recursive: true, force: true }).catch(() => {});
}

/** The files that keepComposeFiles kept. Throws NO_KEPT_FILES (exit 4) where they are not on this host. */
export async function keptComposeFiles(stateDirectory: string, deployment: Deployment): Promise<KeptFile[]> {
  const directory = directoryOf(stateDirectory, deployment);
  if (!existsSync(join(directory, 'index.json'))) {
    throw new RewindError('NO_KEPT_FILES', `the Compose files of ${deployment.id} are not on this host`, {
      exit: 'refused',
      hint: `docker rewind rollback ${deployment.id} brings its images back; its files may be in git${deployment.commit === null ? '' : ` at ${deployment.commit.slice(0, 12)}`}`,
    });
  }
  const index = JSON.parse(await readFile(join(directory, 'index.json'), 'utf8')) as {
    path: string;
    copy: string;
  }[];
  return index.map(({ path, copy }) => ({ path, copy: join(directory, copy) }));
}
