import { slugOf } from './slug.ts';
import { lstatSync, realpathSync, statSync } from 'node:fs';
import { relative, resolve, sep } from 'node:path';
import type { Project, ServiceModel } from '../compose/project.ts';
import type { RewindConfig, VolumeMode } from '../compose/rewind-config.ts';
import type { ContainerState } from '../docker/containers.ts';

/** Something that holds data of the project: a named volume, or a directory of the project that is mounted read-write. */
export interface DataSource {
  /** The volume's key in compose.yml; the directory's path in the project. */
  key: string;
  kind: 'volume' | 'bind';
  /** The volume's name in the engine; the directory, absolute. */
  source: string;
  /** A name for files and mounts made from the key. */
  slug: string;
  mode: VolumeMode;
}

/** A mount as the Compose model has it. */
export interface MountModel {
  type?: string;
  source?: string;
  target?: string;
  read_only?: boolean;
}

/** Everything that the project keeps and does not exclude in `x-rewind.volumes`, in the order of the Compose files. */
export function dataSources(project: Project, config: RewindConfig): DataSource[] {
  const writable = Object.values(project.model.services)
    .flatMap(mountsOf)
    .filter((mount) => mount.read_only !== true);
  const volumes = Object.entries(project.model.volumes ?? {}).flatMap(([key, value]) => {
    if (!writable.some((mount) => mount.type === 'volume' && mount.source === key)) return [];
    const name = (value as { name?: string } | null)?.name ?? `${project.name}_${key}`;
    return [{ key, kind: 'volume' as const, source: name }];
  });
  const directories = new Set(
    writable.flatMap((mount) =>
      mount.type === 'bind' && mount.source !== undefined && isData(project.directory, mount.source)
        ? [resolve(mount.source)]
        : [],
    ),
  );
  const binds = [...directories].map((path) => ({
    key: relative(project.directory, path),
    kind: 'bind' as const,
    source: path,
  }));
  return [...volumes, ...binds]
    .filter(({ key }) => config.volumes[key]?.backup !== false)
    .map((entry) => ({ ...entry, slug: slugOf(entry.key), mode: config.volumes[entry.key]?.mode ?? 'stop' }));
}

/** The names in the engine of those that are volumes. */
export const volumeNames = (sources: readonly DataSource[]): string[] =>
  sources.filter(({ kind }) => kind === 'volume').map(({ source }) => source);

/** Whether a container writes to a source. */
export function uses(container: ContainerState, source: DataSource, access: 'any' | 'write'): boolean {
  return container.mounts.some(
    (mount) =>
      (access === 'any' || mount.writable) &&
      (source.kind === 'volume'
        ? mount.type === 'volume' && mount.name === source.source
        : mount.type === 'bind' && overlap(mount.source, source.source)),
  );
}

/** Without the directories that lie in another one of them: its archive has them. */
export function withoutNested(sources: readonly DataSource[]): DataSource[] {
  const binds = sources.filter(({ kind }) => kind === 'bind');
  return sources.filter(
    (source) =>
      source.kind === 'volume' ||
      !binds.some((other) => other !== source && isIn(real(source.source), real(other.source))),
  );
}

/** Whether one directory is the other, or lies in it: who writes to one of them writes to the other. */
function overlap(a: string, b: string): boolean {
  const [left, right] = [real(a), real(b)];
  return left === right || isIn(left, right) || isIn(right, left);
}

const isIn = (path: string, directory: string): boolean => path.startsWith(`${directory}/`);

/** The same directory has many names where a link leads to it; on an engine elsewhere it has the one that it is given. */
function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Names of anonymous volumes that the project's containers hold: nothing in the Compose files names them. */
export function anonymousVolumes(containers: Iterable<ContainerState>): string[] {
  const names = [...containers].flatMap((container) =>
    container.mounts.flatMap((mount) =>
      mount.type === 'volume' && mount.writable && /^[0-9a-f]{64}$/.test(mount.name ?? '')
        ? [`${container.service}:${mount.destination}`]
        : [],
    ),
  );
  return [...new Set(names)];
}

/** What holds nobody's data. */
const OF_THE_SYSTEM = /^\/(?:(?:dev|proc|sys|run|tmp|var\/run|var\/tmp|usr|lib|boot)(?:\/|$)|$)/;

/**
 * Directories of this host that services write to and that are not taken, in words: they lie outside of the project, or are
 * links in it. Not those that hold the project itself, nor what `x-rewind.volumes` leaves out by the same path.
 */
export function leftDirectories(
  { directory, model }: Project,
  config: RewindConfig,
  isLeft: (service: string) => boolean,
): string[] {
  const left = Object.entries(model.services).flatMap(([service, entry]) =>
    mountsOf(entry).flatMap(({ type, source, target = '', read_only: readOnly }) => {
      if (type !== 'bind' || source === undefined || readOnly === true || !isLeft(service)) return [];
      const path = resolve(source);
      const [inProject, isOurs] = [relative(directory, path), isIn(path, directory)];
      const holdsUs = overlap(path, directory) && !isOurs;
      if (isData(directory, path) || holdsUs || inProject.split(sep)[0] === '.rewind') return [];
      if (!isOurs && OF_THE_SYSTEM.test(path)) return [];
      if (!isDirectory(path)) return [];
      if ([path, inProject].some((key) => config.volumes[key]?.backup === false)) return [];
      const why = isOurs ? 'is a link' : 'is outside of the project';
      return [`${service}:${target} is not taken: ${path} ${why}`];
    }),
  );
  return [...new Set(left)];
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    // Gone, or on the host of an engine elsewhere.
    return false;
  }
}

/** A directory strictly below the project's that is none of ours; files, sockets and devices are no data directories. */
function isData(projectDirectory: string, source: string): boolean {
  const path = relative(projectDirectory, resolve(source));
  if (path === '' || path.startsWith('..') || path.split(sep)[0] === '.rewind') return false;
  return lstatSync(source, { throwIfNoEntry: false })?.isDirectory() === true;
}

export function mountsOf(service: ServiceModel): MountModel[] {
  return (service['volumes'] as MountModel[] | undefined) ?? [];
}
