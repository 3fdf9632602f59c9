import { isAbsolute, relative } from 'node:path';
import { inspectContainersArgv } from '../../docker/containers.ts';
import { engineError } from '../../docker/engine-error.ts';
import { inspectVolumes } from '../../docker/volumes.ts';
import { RewindError } from '../../errors.ts';
import type { EngineContext, Server } from '../engine.ts';

/** A volume or directory that a service writes to. */
export interface FileMount {
  /** A name for the mount in the helper. */
  slug: string;
  kind: 'volume' | 'bind';
  /** The volume's name, or the directory on the engine's host. */
  source: string;
  /** The volume's key in the Compose files; the directory's path in the project. */
  key: string;
  /** Where the service sees it. */
  destination: string;
}

/** A database file: `data:app/shop.db`. */
export interface SqliteFile {
  name: string;
  mount: FileMount;
  /** Below the mount. */
  path: string;
}

interface Inspected {
  Config: { Labels?: Record<string, string> | null };
  Mounts?: { Type: string; Name?: string; Source?: string; Destination: string; RW: boolean }[];
}

/** The writable volumes and directories of a service's container, which need not run. */
export async function mountsOf(server: Server, { runner, signal }: EngineContext): Promise<FileMount[]> {
  const result = await runner.run(inspectContainersArgv([server.container]), { signal });
  if (signal.aborted) throw signal.reason;
  if (result.exitCode !== 0) throw engineError(result, `looking at ${server.service}`);
  const [{ Config, Mounts = [] }] = JSON.parse(result.stdout) as [Inspected];
  const directory = Config.Labels?.['com.docker.compose.project.working_dir'] ?? '/';
  const writable = Mounts.filter(({ RW, Type }) => RW && (Type === 'volume' || Type === 'bind'));
  const volumes = await inspectVolumes(
    runner,
    writable.flatMap(({ Type, Name }) => (Type === 'volume' && Name !== undefined ? [Name] : [])),
  );
  return writable.flatMap((mount, index): FileMount[] => {
    const { Name: name = '', Source: path = '', Destination: destination } = mount;
    const slug = String(index);
    if (mount.Type === 'volume') {
      const key = volumes.get(name)?.labels['com.docker.compose.volume'] ?? name;
      return [{ slug, kind: 'volume', source: name, key, destination }];
    }
    // The engine's socket, devices and files of the host are no data.
    const key = relative(directory, path);
    if (key === '' || key.startsWith('..') || isAbsolute(key)) return [];
    return [{ slug, kind: 'bind', source: path, key, destination }];
  });
}

/**
 * The file that a text names: `KEY:PATH` with a volume's key or a directory of the project, or a path as the service
 * sees it. Throws UNKNOWN_FILE (exit 2).
 */
export function fileNamed(text: string, service: string, mounts: readonly FileMount[]): SqliteFile {
  const file = text.startsWith('/') ? byPath(text, mounts) : byKey(text, mounts);
  if (file !== undefined && isPlainPath(file.path)) return file;
  throw new RewindError('UNKNOWN_FILE', `"${text}" is no file in a volume of ${service}`, {
    exit: 'usage',
    hint: `Write VOLUME:PATH, or the path in the container; ${service} writes to ${mounts.map(({ key, destination }) => `${key} (${destination})`).join(', ') || 'no volume'}`,
  });
}

function byPath(text: string, mounts: readonly FileMount[]): SqliteFile | undefined {
  const around = mounts
    .filter(({ destination }) => text.startsWith(`${destination.replace(/\/$/, '')}/`))
    .toSorted((a, b) => b.destination.length - a.destination.length)[0];
  if (around === undefined) return undefined;
  return fileAt(around, text.slice(around.destination.replace(/\/$/, '').length + 1));
}

function byKey(text: string, mounts: readonly FileMount[]): SqliteFile | undefined {
  // A directory may have a colon in its name.
  const mount = mounts
    .filter(({ key, source }) => text.startsWith(`${key}:`) || text.startsWith(`${source}:`))
    .toSorted((a, b) => b.key.length - a.key.length)[0];
  if (mount === undefined) return undefined;
  const name = text.startsWith(`${mount.key}:`) ? mount.key : mount.source;
  return fileAt(mount, text.slice(name.length + 1));
}

export const fileAt = (mount: FileMount, path: string): SqliteFile => ({
  name: `${mount.key}:${path}`,
  mount,
  path,
});

function isPlainPath(path: string): boolean {
  return (
    path.split('/').every((part) => part !== '' && part !== '.' && part !== '..') && !path.includes('\0')
  );
}
