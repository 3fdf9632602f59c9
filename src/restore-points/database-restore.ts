import { randomBytes } from 'node:crypto';
import { databaseServices } from '../databases/recognise.ts';
import type { DatabaseArtifact, DatabaseService, EngineContext, LoadTarget } from '../databases/engine.ts';
import { engineFor } from '../databases/engines.ts';
import { isRunning, type ContainerState } from '../docker/containers.ts';
import { streaming, type Runner } from '../docker/runner.ts';
import { RewindError } from '../errors.ts';
import type { Step } from '../plan/steps/index.ts';
import { runningServer } from '../plan/steps/database-server.ts';
import type { ServerRestore } from '../plan/steps/restore-databases.ts';
import { helperImageOf } from './backup-plan.ts';
import type { DataObservation } from './data-observation.ts';
import { prepareHelperImage } from './helper-image.ts';
import type { Manifest } from './manifest.ts';
import type { startLevels } from './order.ts';

/** What of a point goes into which servers of the project of today, and how those are now. */
export interface DatabaseRestore {
  servers: ServerRestore[];
  /** The dumps whose stored bytes have to be checked before they are loaded. */
  unchecked: DatabaseArtifact[];
  /** What of it there is already: a restore point of the present data has it. */
  present: DatabaseService[];
  /** The running containers of servers that have to run for the restore. */
  containers: ContainerState[];
  /** Services of which files are replaced, so that those who use them are stopped. */
  offline: DatabaseService[];
  notes: string[];
}

/** The steps of a restore that are about databases, for the places where they belong. */
export interface DatabaseSteps {
  load: Step[];
  swap: Step[];
  health: Step[];
  drop: Step[];
  unswap: Step[];
  /** The way back of files in volumes: before the volumes' own, which lie below them. */
  unswapFiles: Step[];
}

/** The databases of a point that `only` names: `db/shop`, or `db` for all of a service; all of them without names. */
export function wantedDatabases(manifest: Manifest, only: readonly string[]): DatabaseArtifact[] {
  if (only.length === 0) return manifest.databases;
  return manifest.databases.filter(({ key, service }) =>
    only.some((name) => name === key || name === service),
  );
}

/** A command without names asks for everything, and a database that lies in a volume is put back from its dump. */
export function namesDatabase(manifest: Manifest, name: string): boolean {
  return manifest.databases.some(({ key, service }) => name === key || name === service);
}

/**
 * Looks the servers up. Throws where a service is gone or of another kind (exit 4), does not run (exit 4), or cannot take
 * the dump. `database`: the new name of the one artifact (`--to-database`).
 */
export async function observeServers(
  runner: Runner,
  observation: DataObservation,
  artifacts: readonly DatabaseArtifact[],
  database?: string,
): Promise<DatabaseRestore> {
  const known = databaseServices(observation.project, observation.config);
  const found: DatabaseRestore = {
    servers: [],
    unchecked: [],
    present: [],
    containers: [],
    offline: [],
    notes: [],
  };
  for (const [name, group] of Map.groupBy(artifacts, ({ service }) => service)) {
    const service = serviceFor(name, group, known);
    const engine = await engineFor(service.kind);
    const own = observation.containers.get(name) ?? [];
    const container = runningServer(service, own, engine.online);
    const state = await engine.observe(
      { ...service, container: container.id },
      lookContext(runner, engine.online ? undefined : await helperImage(runner, observation)),
    );
    const targets = group.map((artifact): LoadTarget => ({
      artifact,
      database: database ?? artifact.database,
      isNew: database !== undefined,
    }));
    const exists = (wanted: string): boolean => state.databases.some((each) => each.name === wanted);
    if (database !== undefined && exists(database)) throw databaseExists(name, database);
    if (database !== undefined && !engine.separates) throw notSeparable(name);
    for (const artifact of group)
      found.notes.push(...engine.advise(artifact, state).map((note) => `${artifact.key}: ${note}`));
    found.servers.push({ service, targets });
    // Of several nobody wants to hear that one is damaged when the others were loaded.
    const alone = artifacts.length === 1;
    found.unchecked.push(...group.filter((artifact) => !(alone && engine.checksFirst?.(artifact) === true)));
    const replaced = targets.map((target) => target.database).filter(exists);
    if (replaced.length > 0) found.present.push({ ...service, databases: replaced });
    if (engine.online) found.containers.push(...own.filter(isRunning));
    else found.offline.push(service);
  }
  return found;
}

type StartLevels = ReturnType<typeof startLevels>;

/** A new id for a restore: in the names of everything that it makes in servers. */
export const newRestoreId = (): string => randomBytes(3).toString('hex');

/**
 * `health`: wait for every container of the project that runs (`running`): it may be a client of the servers. `users`: those
 * that have files in volumes open.
 */
export function databaseSteps(
  restore: DatabaseRestore,
  place: { point: string; store: string; id: string },
  running: StartLevels,
  users: StartLevels = [],
): DatabaseSteps {
  if (restore.servers.length === 0)
    return { load: [], swap: [], health: [], drop: [], unswap: [], unswapFiles: [] };
  const resource = namesOf(restore.servers);
  const { point, store, id } = place;
  const common = { resource, point, store, restore: id, servers: restore.servers };
  const containers = running.flat();
  const isOffline = ({ service }: ServerRestore): boolean =>
    restore.offline.some((each) => each.service === service.service);
  const files = restore.servers.filter(isOffline);
  const online = restore.servers.filter((each) => !isOffline(each));
  const unswap = (servers: ServerRestore[], levels: StartLevels): Step[] =>
    servers.length === 0
      ? []
      : [
          {
            ...common,
            kind: 'unswap-databases',
            reason: 'as it was before',
            resource: namesOf(servers),
            servers,
            levels,
          },
        ];
  return {
    load: [{ kind: 'load-databases', reason: 'checked before anything changes', ...common }],
    swap: [{ kind: 'swap-databases', reason: 'by renaming', ...common }],
    health: [
      {
        kind: 'await-health',
        resource: [...new Set(containers.map(({ service }) => service))].join(', '),
        reason: 'clients have to connect anew',
        containers,
      },
    ],
    drop: [{ kind: 'drop-old-databases', reason: 'the restored data is in use', ...common }],
    unswap: unswap(online, []),
    unswapFiles: unswap(files, users),
  };
}

function namesOf(servers: readonly ServerRestore[]): string {
  return servers
    .flatMap(({ service, targets }) => targets.map(({ database }) => `${service.service}/${database}`))
    .join(', ');
}

function serviceFor(
  name: string,
  artifacts: readonly DatabaseArtifact[],
  known: readonly DatabaseService[],
): DatabaseService {
  const service = known.find((each) => each.service === name);
  const [artifact] = artifacts;
  if (service !== undefined && service.kind === artifact?.engine) return service;
  const is = service === undefined ? 'is no database service of this project' : `is ${service.kind} here`;
  throw new RewindError('OTHER_ENGINE', `${name} ${is}, and its dump is of ${artifact?.engine ?? ''}`, {
    exit: 'refused',
    hint: `Say what it is: x-rewind.services.${name}.backup: ${artifact?.engine ?? ''}; or restore the rest with --only`,
  });
}

function databaseExists(service: string, database: string): RewindError {
  return new RewindError('DATABASE_EXISTS', `${service} has a database "${database}" already`, {
    exit: 'refused',
    hint: 'Choose another name for --to-database',
  });
}

function notSeparable(service: string): RewindError {
  return new RewindError('NOT_SEPARABLE', `${service} has no place for a second database`, {
    exit: 'usage',
    hint: 'Without --to-database it is put back in its place',
  });
}

/** For a look: nobody hears of it, and it is not interrupted. */
function lookContext(runner: Runner, image: string | undefined): EngineContext {
  return {
    runner: streaming(runner),
    signal: new AbortController().signal,
    onProgress: () => {},
    onLine: () => {},
    helperImage: image,
  };
}

/** Files in volumes are looked at by a helper. */
function helperImage(runner: Runner, observation: DataObservation): Promise<string> {
  return prepareHelperImage(runner, {
    configured: helperImageOf(observation),
    signal: new AbortController().signal,
    onLine: () => {},
  });
}
