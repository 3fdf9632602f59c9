import { lstat, mkdir, readlink, realpath, rename, symlink, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { dockerConfigDirectory } from '../docker/docker-config.ts';
import type { DockerGlobals } from '../docker/runner.ts';
import { RewindError } from '../errors.ts';
import { diskError } from '../plan/state-directory.ts';

const NAME = 'docker-rewind';

/** What stands where docker looks for this plugin. */
export type PluginLink =
  | { state: 'absent' | 'ours' }
  /** A link to another installation of this plugin, which may be gone. */
  | { state: 'other'; leadsTo: string; broken: boolean }
  /** Somebody else's. */
  | { state: 'foreign'; what: string };

export interface PluginLinkChange {
  path: string;
  target: string;
  action: 'created' | 'replaced' | 'unchanged' | 'removed' | 'absent';
  /** What the link that was replaced or removed led to. */
  before: string | null;
}

/** Where docker looks for the user's plugins: `--config`, DOCKER_CONFIG or ~/.docker. */
export function pluginPath(
  globals: DockerGlobals,
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): string {
  return join(resolve(cwd, dockerConfigDirectory(globals, env)), 'cli-plugins', NAME);
}

/** The executable that the link leads to. */
export function pluginTarget(root: string): string {
  return join(root, 'bin', NAME);
}

export async function readPluginLink(path: string, target: string): Promise<PluginLink> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw diskError(error, path);
  });
  if (found === undefined) return { state: 'absent' };
  if (!found.isSymbolicLink())
    return { state: 'foreign', what: found.isDirectory() ? 'a directory' : 'a file' };
  const leadsTo = resolve(dirname(path), await readlink(path));
  const [real, own] = await Promise.all([realpath(path).catch(() => undefined), realpath(target)]);
  if (real === own) return { state: 'ours' };
  if (basename(leadsTo) === NAME) return { state: 'other', leadsTo, broken: real === undefined };
  return { state: 'foreign', what: `a link to ${leadsTo}` };
}

/** Makes the link, or says that it is there. A file of somebody else's is left alone (exit 4). */
export async function installPluginLink(
  path: string,
  target: string,
  dryRun: boolean,
): Promise<PluginLinkChange> {
  const link = await readPluginLink(path, target);
  if (link.state === 'ours') return { path, target, action: 'unchanged', before: null };
  if (link.state === 'foreign') throw foreign(path, link.what, 'Move it away, then try again');
  const change: PluginLinkChange =
    link.state === 'other'
      ? { path, target, action: 'replaced', before: link.leadsTo }
      : { path, target, action: 'created', before: null };
  if (dryRun) return change;
  const fresh = `${path}.${process.pid}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await symlink(target, fresh);
    await rename(fresh, path);
  } catch (error) {
    await unlink(fresh).catch(() => undefined);
    throw cannotLink(error, path);
  }
  return change;
}

/** Takes the link away, or says that there is none. A file of somebody else's is left alone (exit 4). */
export async function removePluginLink(
  path: string,
  target: string,
  dryRun: boolean,
): Promise<PluginLinkChange> {
  const link = await readPluginLink(path, target);
  if (link.state === 'absent') return { path, target, action: 'absent', before: null };
  if (link.state === 'foreign') throw foreign(path, link.what, 'Remove it by hand if it is not needed');
  if (!dryRun) await unlink(path).catch((error: unknown) => Promise.reject(diskError(error, path)));
  return { path, target, action: 'removed', before: link.state === 'other' ? link.leadsTo : target };
}

function cannotLink(error: unknown, path: string): Error {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ENOTDIR' && code !== 'EEXIST') return diskError(error, path);
  return new RewindError(
    'CANNOT_WRITE',
    `${path} cannot be written: a file stands where a directory should be`,
    {
      hint: `Move it away: see ls -ld ${dirname(path)} ${dirname(dirname(path))}`,
      cause: error,
    },
  );
}

function foreign(path: string, what: string, hint: string): RewindError {
  return new RewindError(
    'FOREIGN_PLUGIN',
    `${path} is ${what} that docker rewind did not make; it was left alone`,
    {
      exit: 'refused',
      hint,
    },
  );
}
