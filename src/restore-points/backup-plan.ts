import { hostname } from 'node:os';
import { randomBytes } from 'node:crypto';
import { composeFilesOf } from '../compose/file-tree.ts';
import type { HelperSpec } from '../docker/helper-container.ts';
import { isRunning, type ContainerState } from '../docker/containers.ts';
import type { Runner } from '../docker/runner.ts';
import { inspectVolumes, volumeUsers } from '../docker/volumes.ts';
import type { DatabaseService } from '../databases/engine.ts';
import { engineFor } from '../databases/engines.ts';
import { RewindError } from '../errors.ts';
import { userName } from '../plan/lock.ts';
import { runningServer } from '../plan/steps/database-server.ts';
import type { PlannedVolume } from '../plan/steps/points.ts';
import type { Step } from '../plan/steps/index.ts';
import { openStore } from '../stores/open.ts';
import { requireRoom } from '../stores/room.ts';
import type { DataObservation } from './data-observation.ts';
import { sourcesOf } from './data-selection.ts';
import { earlierOf, lastDumps, readPoints } from './earlier.ts';
import { MANIFEST_SCHEMA } from './manifest.ts';
import { asRunning, startLevels } from './order.ts';
import { newPointId } from './point-id.ts';
import { uses, volumeNames, type DataSource } from './source.ts';
import type { VolumeTask } from './volume/archive.ts';

export interface BackupRequest {
  sources: readonly DataSource[];
  /** Database services, whose servers have to run. */
  databases: readonly DatabaseService[];
  /** Count the rows of their tables. */
  counts: boolean;
  /** Volumes archived at the same time. */
  parallel: number;
  /** For the manifest: why the point is taken. */
  reason: string;
  /** Services run again before the point is sealed. */
  resumes: boolean;
  /** Leave out volumes that do not exist yet, and servers that never ran, instead of refusing. */
  missing: 'refuse' | 'skip';
}

/** The parts of a plan that take a restore point. They are put together by the command: a restore has its own between. */
export interface BackupParts {
  point: string;
  store: string;
  /** Before anything is still: the helper, and all that can be archived while the services run. */
  first: Step[];
  /** Stop and pause. */
  still: Step[];
  /** Archive what changed since. */
  settled: Step[];
  resume: Step[];
  seal: Step[];
  /** Nothing of the point depends on these. */
  finish: Step[];
  undo: Step[];
  notes: string[];
  /** Nothing to take: the project keeps nothing. */
  empty: boolean;
}

/** Plans a restore point of these sources. Reads the store and the engine, changes nothing. */
export async function planBackup(
  runner: Runner,
  observation: DataObservation,
  request: BackupRequest,
): Promise<BackupParts> {
  const { project, scope, config } = observation;
  const store = config.stores[0] ?? '';
  const containers = [...observation.containers.values()].flat();
  const opened = openStore(store, scope.directory);
  // The sums of a few questions are felt: each is asked beside the others.
  const [{ sources, notes }, strangersOf, databases, { points, problems }] = await Promise.all([
    existing(runner, request),
    othersUsing(runner, request.sources, containers),
    runningDatabases(runner, observation, request),
    readPoints(opened),
  ]);
  const point = newPointId();
  for (const { id, error } of problems)
    notes.push(`the restore point ${id} cannot be used: ${error.message}`);

  const writersOf = (source: DataSource): ContainerState[] =>
    containers.filter((container) => isRunning(container) && uses(container, source, 'write'));
  const stopped = containersOf(sources.filter(({ mode }) => mode === 'stop').flatMap(writersOf));
  const paused = containersOf(sources.filter(({ mode }) => mode === 'pause').flatMap(writersOf)).filter(
    ({ id, status }) => status === 'running' && !stopped.some((other) => other.id === id),
  );
  const tasks: VolumeTask[] = [];
  const planned: PlannedVolume[] = [];
  for (const source of sources) {
    const writers = writersOf(source);
    const strangers = strangersOf(source);
    const live = writers.length > 0 || strangers.length > 0;
    const settles = writers.length > 0 && source.mode !== 'hot';
    tasks.push({
      key: source.key,
      slug: source.slug,
      live,
      settles,
      shared: strangers.length > 0 || source.kind === 'bind',
      ...earlierOf(points, scope, source.key),
    });
    planned.push({
      ...source,
      name: source.kind === 'volume' ? source.source : source.key,
      consistency: consistencyOf(source, writers.length, strangers.length),
      services: settles ? [...new Set(writers.map(({ service }) => service))] : [],
      notes: strangers.map((name) => `${name} of another project mounts it and was not stopped`),
    });
  }
  await requireRoom(opened, lastDumps(points, scope, databases));

  const helper: HelperSpec = {
    name: `rewind-${point}-${randomBytes(3).toString('hex')}`,
    mounts: sources.map(({ slug, kind, source }) => ({ slug, kind, source })),
    write: false,
  };
  const removeHelper = (reason: string): Step[] =>
    sources.length === 0 ? [] : [{ kind: 'remove-helper', resource: helper.name, reason, helper }];
  const keys = sources.map(({ key }) => key).join(', ');
  // Files of SQLite are dumped by a helper of their own.
  const needsHelper = sources.length > 0 || databases.some(({ kind }) => kind === 'sqlite');
  const settling = tasks.filter((task) => task.settles);
  const archive = (pass: 'first' | 'settled', volumes: VolumeTask[]): Step => ({
    kind: 'archive-volumes', resource: volumes.map(({ key }) => key).join(', '),
    reason: pass === 'first' ? 'while the services run' : 'so that services are down for what changed, not for all',
    pass, point, store, helper, volumes, parallel: request.parallel,
  }); // prettier-ignore
  const levels = startLevels(project.model, [...stopped, ...paused]);
  const names = levels.flat().map(({ service }) => service);
  const resume: Step[] =
    names.length === 0
      ? []
      : [{ kind: 'resume-containers', resource: names.join(', '), reason: 'exactly those that ran', levels }];
  return {
    point,
    store,
    notes,
    empty: sources.length === 0 && databases.length === 0,
    first: [
      ...(needsHelper ? [prepareHelperStep(observation)] : []),
      ...(sources.length === 0 ? [] : [archive('first', tasks)]),
      ...(databases.length === 0
        ? []
        : [
            {
              kind: 'dump-databases',
              resource: databases.map(({ service }) => service).join(', '),
              reason: 'nothing has to stop for it',
              point,
              store,
              services: databases,
              counts: request.counts,
            } satisfies Step,
          ]),
    ],
    still: [
      ...(stopped.length === 0
        ? []
        : [stopStep(startLevels(project.model, stopped), `they write to ${keys}`)]),
      ...(paused.length === 0
        ? []
        : [
            {
              kind: 'pause-containers',
              resource: paused.map(({ service }) => service).join(', '),
              reason: `they write to ${keys}`,
              containers: paused.map(asRunning),
            } satisfies Step,
          ]),
    ],
    settled: settling.length === 0 ? [] : [archive('settled', settling)],
    resume,
    seal: [
      {
        kind: 'seal-point',
        resource: point,
        reason: 'written last: without it the restore point does not exist',
        point,
        store,
        volumes: planned,
        databases: databases.length > 0,
        ...(sources.length === 0
          ? {}
          : { helper, ...(request.resumes ? {} : { keepsHelper: true as const }) }),
        compose: await composeFilesOf(project, project.options),
        manifest: {
          schema: MANIFEST_SCHEMA,
          id: point,
          project: scope.project,
          environment: scope.environment,
          createdAt: new Date().toISOString(),
          host: hostname(),
          user: userName(),
          reason: request.reason,
          images: imagesOf(containers),
        },
      },
    ],
    finish: removeHelper('it has done its work'),
    undo: [
      ...resume,
      ...removeHelper('nothing is left behind'),
      { kind: 'discard-point', resource: point, reason: 'half a restore point is none', point, store },
    ],
  };
}

/** The image that was asked for: in `x-rewind.helper_image`, or on this host in REWIND_HELPER_IMAGE; null: our own. */
export function helperImageOf({ config, project }: DataObservation): string | null {
  const here = project.env['REWIND_HELPER_IMAGE'];
  return config.helper_image ?? (here === undefined || here === '' ? null : here);
}

export function prepareHelperStep(observation: DataObservation): Step {
  return {
    kind: 'prepare-helper',
    resource: 'helper image',
    reason: 'before anything stops',
    configured: helperImageOf(observation),
  };
}

export function stopStep(levels: ReturnType<typeof startLevels>, reason: string): Step {
  const resource = levels
    .flat()
    .map(({ service }) => service)
    .join(', ');
  return { kind: 'stop-writers', resource, reason, levels };
}

/** Those whose server runs. Throws NOT_RUNNING (exit 4) for one that does not, unless it never ran and may be left out. */
async function runningDatabases(
  runner: Runner,
  { project, config, containers }: DataObservation,
  request: BackupRequest,
): Promise<DatabaseService[]> {
  const running: DatabaseService[] = [];
  for (const database of request.databases) {
    const own = containers.get(database.service) ?? [];
    // One of a profile that is never on here has nothing to lose either.
    const mayBeNew = request.missing === 'skip' || !project.activeServices.includes(database.service);
    if (own.length === 0 && mayBeNew) {
      const volumes = sourcesOf(database.service, project, config).filter(({ kind }) => kind === 'volume');
      if ((await inspectVolumes(runner, volumes.map(({ source }) => source))).size === 0) continue; // prettier-ignore
    }
    runningServer(database, own, (await engineFor(database.kind)).online);
    running.push(database);
  }
  return running;
}

/** Looks every volume up: mounting one that is missing would make it, and its archive would be empty. */
async function existing(runner: Runner, request: BackupRequest) {
  const sources: DataSource[] = [];
  const notes: string[] = [];
  const present = await inspectVolumes(runner, volumeNames(request.sources));
  for (const source of request.sources) {
    if (source.kind === 'bind' || present.has(source.source)) sources.push(source);
    else if (request.missing === 'skip') notes.push(`${source.key} does not exist yet: nothing to take`);
    else {
      throw new RewindError('NO_SUCH_VOLUME', `the volume ${source.source} (${source.key}) does not exist`, {
        exit: 'notFound',
        hint: `docker rewind deploy makes it; to leave it out: x-rewind.volumes.${source.key}.backup: false`,
      });
    }
  }
  return { sources, notes };
}

/** By volume: running containers of other projects that mount it. */
async function othersUsing(
  runner: Runner,
  sources: readonly DataSource[],
  containers: readonly ContainerState[],
): Promise<(source: DataSource) => string[]> {
  const own = new Set(containers.map(({ name }) => name));
  const users = await volumeUsers(runner, volumeNames(sources));
  return ({ kind, source }) =>
    kind === 'bind' ? [] : (users.get(source) ?? []).filter((name) => !own.has(name));
}

function consistencyOf(source: DataSource, writers: number, strangers: number): PlannedVolume['consistency'] {
  if (strangers > 0) return 'hot';
  if (writers === 0) return 'no-writer';
  return source.mode === 'stop' ? 'stopped' : source.mode === 'pause' ? 'paused' : 'hot';
}

function containersOf(containers: readonly ContainerState[]): ContainerState[] {
  return [...new Map(containers.map((container) => [container.id, container])).values()];
}

function imagesOf(containers: readonly ContainerState[]) {
  return Object.fromEntries(
    containers.filter(isRunning).map(({ service, image, imageId }) => [service, { image, imageId }]),
  );
}
