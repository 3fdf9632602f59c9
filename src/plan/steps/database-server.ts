import { join } from 'node:path';
import { listContainers, runningContainers, type ContainerState } from '../../docker/containers.ts';
import { streaming } from '../../docker/runner.ts';
import type { DatabaseService, EngineContext, Server } from '../../databases/engine.ts';
import { engineFor } from '../../databases/engines.ts';
import { RewindError } from '../../errors.ts';
import { chosenHelperImage } from '../../restore-points/helper-image.ts';
import { slugOf } from '../../restore-points/slug.ts';
import { makePrivateDirectory } from '../durable.ts';
import type { StepContext } from './context.ts';

/** What whoever plans has found is good for so many milliseconds. */
const GOOD_FOR_MS = 1000;
const found = new Map<string, { at: number; container: string }>();

/** The container that a server runs in now, or did a moment ago, when the plan was made. Throws NOT_RUNNING (exit 4). */
export async function plannedServerOf(service: DatabaseService, context: StepContext): Promise<Server> {
  const planned = found.get(service.service);
  return planned !== undefined && performance.now() - planned.at < GOOD_FOR_MS
    ? { ...service, container: planned.container }
    : serverOf(service, context);
}

/** The container that a service's server runs in now. Throws NOT_RUNNING (exit 4). */
export async function serverOf(service: DatabaseService, context: StepContext): Promise<Server> {
  const [only, ...others] = await runningContainers(context.runner, context.scope.project, service.service);
  if (only !== undefined && others.length === 0) return { ...service, container: only };
  const containers = await listContainers(context.runner, context.scope.project);
  const { online } = await engineFor(service.kind);
  return { ...service, container: runningServer(service, containers, online).id };
}

/** Of several replicas the first. */
export function runningServer(
  { service }: DatabaseService,
  containers: readonly ContainerState[],
  online: boolean,
): ContainerState {
  const own = containers.filter((container) => container.service === service);
  const running = own.find(({ status }) => status === 'running') ?? (online ? undefined : own[0]);
  if (running !== undefined) {
    found.set(service, { at: performance.now(), container: running.id });
    return running;
  }
  const state = own[0] === undefined ? 'has no container' : `is ${own[0].status}`;
  throw new RewindError(
    'NOT_RUNNING',
    `${service} ${state}: its databases can be dumped and restored only while it runs`,
    {
      exit: 'refused',
      hint:
        own[0]?.status === 'paused'
          ? `docker compose unpause ${service}`
          : `docker compose up --detach --wait ${service}; or leave it out: x-rewind.services.${service}.backup: none`,
    },
  );
}

export async function engineContext(service: string, context: StepContext): Promise<EngineContext> {
  return {
    runner: streaming(context.runner),
    signal: context.signal,
    onLine: context.onLine,
    onProgress: (database, bytes, table) =>
      context.onProgress({
        name: `${service}/${database}`,
        done: bytes,
        ...(table === undefined ? {} : { detail: table }),
      }),
    helperImage: await chosenHelperImage(context.workDirectory),
  };
}

/** This service's own directory in the journal. */
export async function serverDirectory(service: string, context: StepContext): Promise<string> {
  const directory = join(context.workDirectory, 'databases', slugOf(service));
  await makePrivateDirectory(directory);
  return directory;
}
