import { resolve } from 'node:path';
import type { Project } from '../compose/project.ts';
import type { RewindConfig } from '../compose/rewind-config.ts';
import type { DatabaseService } from '../databases/engine.ts';
import { databaseServices, isDataDirectory } from '../databases/recognise.ts';
import { RewindError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { dataSources, mountsOf, withoutNested, type DataSource, type MountModel } from './source.ts';

/** What a restore point is taken of. */
export interface DataSelection {
  sources: DataSource[];
  databases: DatabaseService[];
}

/**
 * What the names mean: a service's databases (`db`), one of them (`db/shop`), a volume or directory. Without names,
 * everything; a volume that only a database server writes to is covered by the dump then, unless
 * `x-rewind.volumes.KEY.backup: true` asks for it. Throws UNKNOWN_VOLUME (exit 2) that names the nearest.
 */
export function selectData(project: Project, config: RewindConfig, names: readonly string[]): DataSelection {
  const databases = databaseServices(project, config);
  const sources = dataSources(project, config).map((source) => withMode(source, project, config, databases));
  if (names.length === 0) {
    const kept = sources.filter(
      (source) =>
        config.volumes[source.key]?.backup === true || !isCovered(source, project, config, databases),
    );
    return { sources: withoutNested(kept), databases };
  }
  const selection: DataSelection = { sources: [], databases: [] };
  for (const name of names) {
    const database = databaseOf(name, databases);
    const source = sources.find((each) => each.key === name || each.source === name);
    if (database !== undefined) addDatabase(selection.databases, database);
    else if (source !== undefined) selection.sources.push(source);
    else throw unknown(name, sources, databases);
  }
  return selection;
}

/** Whether a source needs no archive: only database servers keep their data there, or services with `backup: none`. */
export function isCovered(
  source: DataSource,
  project: Project,
  config: RewindConfig,
  databases: readonly DatabaseService[],
): boolean {
  const users = usersOf(source, project);
  return (
    users.length > 0 &&
    users.every(({ service, mount }) => {
      if (config.services[service]?.backup === 'none') return true;
      const database = databases.find((each) => each.service === service);
      const model = project.model.services[service];
      return (
        database !== undefined && model !== undefined && isDataDirectory(database, model, mount.target ?? '/')
      );
    })
  );
}

/** The sources that a service writes to. */
export function sourcesOf(service: string, project: Project, config: RewindConfig): DataSource[] {
  return dataSources(project, { ...config, volumes: {} }).filter((source) =>
    usersOf(source, project).some((user) => user.service === service),
  );
}

/** `db` or `db/shop`; the service's whole name is looked for first, since a name may hold slashes. */
function databaseOf(name: string, databases: readonly DatabaseService[]): DatabaseService | undefined {
  const whole = databases.find(({ service }) => service === name);
  if (whole !== undefined) return whole;
  const one = databases.find(({ service }) => name.startsWith(`${service}/`));
  return one === undefined ? undefined : { ...one, databases: [name.slice(one.service.length + 1)] };
}

/** Two databases of one service are one dump of both. */
function addDatabase(list: DatabaseService[], added: DatabaseService): void {
  const at = list.findIndex(({ service }) => service === added.service);
  const present = list[at];
  if (present === undefined) list.push(added);
  else if (present.databases === undefined || added.databases === undefined)
    list[at] = present.databases === undefined ? present : added;
  else list[at] = { ...present, databases: [...new Set([...present.databases, ...added.databases])] };
}

/** What lies beside a server's data (its configuration, a place for exports) does not stop a server by itself. */
function withMode(
  source: DataSource,
  project: Project,
  config: RewindConfig,
  databases: readonly DatabaseService[],
): DataSource {
  if (config.volumes[source.key]?.mode !== undefined || isCovered(source, project, config, databases))
    return source;
  const users = usersOf(source, project);
  const servers = databases.filter(({ kind }) => kind !== 'sqlite').map(({ service }) => service);
  const aside = users.length > 0 && users.every(({ service }) => servers.includes(service));
  return aside ? { ...source, mode: 'hot' } : source;
}

function usersOf(source: DataSource, project: Project): { service: string; mount: MountModel }[] {
  return Object.entries(project.model.services).flatMap(([service, model]) =>
    mountsOf(model)
      .filter((mount) => mount.read_only !== true && isMountOf(mount, source))
      .map((mount) => ({ service, mount })),
  );
}

function isMountOf(mount: MountModel, source: DataSource): boolean {
  if (mount.source === undefined || mount.type !== source.kind) return false;
  return source.kind === 'volume' ? mount.source === source.key : resolve(mount.source) === source.source;
}

function unknown(
  name: string,
  sources: readonly DataSource[],
  databases: readonly DatabaseService[],
): RewindError {
  const keys = [...databases.map(({ service }) => service), ...sources.map(({ key }) => key)];
  const near = nearest(name, keys);
  return new RewindError('UNKNOWN_VOLUME', `"${name}" is no volume or database of this project`, {
    exit: 'usage',
    hint: near === undefined ? `The project keeps ${keys.join(', ') || 'nothing'}` : `Did you mean ${near}?`,
  });
}
