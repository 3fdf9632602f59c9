import type { Project, ServiceModel } from '../compose/project.ts';
import { imageOf } from '../compose/project.ts';
import { tryParseReference } from '../compose/reference.ts';
import type { RewindConfig } from '../compose/rewind-config.ts';
import type { DatabaseService, EngineKind } from './engine.ts';
import { hasEngine } from './engines.ts';
import { runsServer } from './server-command.ts';

/** By the last part of an image's name, whoever built it: `docker.io/bitnami/postgresql` is `postgresql`. */
const IMAGES: Readonly<Record<string, EngineKind>> = {
  postgres: 'postgres',
  postgresql: 'postgres',
  postgis: 'postgres',
  pgvector: 'postgres',
  timescale: 'postgres',
  timescaledb: 'postgres',
  'timescaledb-ha': 'postgres',
  mysql: 'mysql',
  'mysql-server': 'mysql',
  mariadb: 'mariadb',
  redis: 'redis',
  valkey: 'redis',
};

/** Where the images keep their data; a mount above or below is their data, another one is not. */
const DATA_DIRECTORIES: Readonly<Partial<Record<EngineKind, readonly string[]>>> = {
  postgres: ['/var/lib/postgresql', '/bitnami/postgresql', '/home/postgres/pgdata'],
  mysql: ['/var/lib/mysql', '/bitnami/mysql'],
  mariadb: ['/var/lib/mysql', '/bitnami/mariadb'],
  redis: ['/data', '/bitnami/redis', '/bitnami/valkey', '/var/lib/redis', '/var/lib/valkey'],
};

/** The environment variables that move it. */
const DATA_VARIABLES: readonly string[] = ['PGDATA', 'POSTGRESQL_DATA_DIR', 'MYSQL_DATA_DIR'];

/** What a service's image says; undefined where it is none that we know. */
export function kindOfImage(image: string): EngineKind | undefined {
  const name = tryParseReference(image)?.name.split('/').at(-1) ?? '';
  return Object.hasOwn(IMAGES, name) ? IMAGES[name] : undefined;
}

/** What a service is by its image and its command. */
function kindOfService(project: Project, service: string): EngineKind | undefined {
  const kind = kindOfImage(imageOf(project, service));
  const model = project.model.services[service];
  return kind !== undefined && model !== undefined && runsServer(kind, model) ? kind : undefined;
}

/** The database services of a project: what `x-rewind.services.NAME.backup` says, else what the image is. */
export function databaseServices(project: Project, config: RewindConfig): DatabaseService[] {
  return Object.keys(project.model.services).flatMap((service) => {
    const settings = config.services[service] ?? {};
    if (settings.backup === 'none' || settings.backup === 'volumes') return [];
    const kind = settings.backup ?? kindOfService(project, service);
    // Without an engine for it here its volumes are archived like any other's.
    if (kind === undefined || !hasEngine(kind)) return [];
    const { databases, dump, restore } = settings;
    return [
      {
        service,
        kind,
        ...(databases === undefined ? {} : { databases }),
        ...(dump === undefined || restore === undefined ? {} : { commands: { dump, restore } }),
      },
    ];
  });
}

/** Whether a mount of a database service is where its server keeps its data, so that the dump has all of it. */
export function isDataDirectory({ kind }: DatabaseService, model: ServiceModel, target: string): boolean {
  // A file of SQLite lies among others; a dump of it is no copy of its volume.
  if (kind === 'sqlite') return false;
  if (kind === 'custom') return true;
  const environment = (model['environment'] ?? {}) as Readonly<Record<string, unknown>>;
  const moved = DATA_VARIABLES.flatMap((name) => {
    const value = environment[name];
    return typeof value === 'string' && value.startsWith('/') ? [value] : [];
  });
  return [...(DATA_DIRECTORIES[kind] ?? []), ...moved].some(
    (directory) => isWithin(target, directory) || isWithin(directory, target),
  );
}

function isWithin(path: string, directory: string): boolean {
  const below = (text: string): string => `${text.replace(/\/+$/, '')}/`;
  return below(path).startsWith(below(directory));
}
