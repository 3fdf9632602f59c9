import { setTimeout as delay } from 'node:timers/promises';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  inspectContainers,
  isRunning,
  listContainers,
  pauseArgv,
  restartPolicyArgv,
  startArgv,
  stopContainersArgv,
  unpauseArgv,
  type ContainerState,
} from '../../docker/containers.ts';
import { engineError } from '../../docker/engine-error.ts';
import type { Argv } from '../../docker/runner.ts';
import { RewindError } from '../../errors.ts';
import { writeDurably } from '../durable.ts';
import { monotonicMs } from '../monotonic.ts';
import type { StepBase, StepContext } from './context.ts';
import { awaitPendingStops } from './pending-stops.ts';
import { lastWords } from './last-words.ts';

/** A running container as observed before the plan began. */
export interface RunningContainer {
  id: string;
  name: string;
  service: string;
  /** It had a health check and passed it. */
  healthy: boolean;
  /** Seconds between the engine's signal to stop and its killing; not in journals of older versions. */
  stopTimeout?: number;
  /** An engine that starts anew would start it, on whatever its data is then. */
  restartsAlways?: true;
}

/** Stop exactly these containers, the last level first. */
export interface StopWriters extends StepBase {
  kind: 'stop-writers';
  /** In the order of starting: what a level depends on is in the levels before it. */
  levels: readonly (readonly RunningContainer[])[];
}

/** Pause all of these together. */
export interface PauseContainers extends StepBase {
  kind: 'pause-containers';
  containers: readonly RunningContainer[];
}

/** Bring exactly these containers back to running, first level first, and wait for the health that they had. */
export interface ResumeContainers extends StepBase {
  kind: 'resume-containers';
  levels: readonly (readonly RunningContainer[])[];
  /** What makes them unhealthy is about to be taken back: running is enough. */
  evenUnhealthy?: true;
}

/** What the work directory remembers of the time that services were still. */
export interface StillRecord {
  /** By service, in milliseconds of the clock that nobody can set. */
  since: Record<string, number>;
  until: Record<string, number>;
  /** Services with a container that had to be killed: its process did not end by itself. */
  killed: string[];
}

const POLL_MS = 50;
/** The engine's own default. */
export const DEFAULT_STOP_SECONDS = 10;
const AFTER_PAUSE_MS = 60_000;
const HEALTH_TIMEOUT_MS = 10 * 60_000;

export async function stopWriters(step: StopWriters, context: StepContext): Promise<void> {
  const record = await stillRecord(context.workDirectory);
  const always = step.levels.flat().filter(({ restartsAlways }) => restartsAlways === true);
  if (always.length > 0)
    await docker(context, restartPolicyArgv('unless-stopped', always.map(({ id }) => id)), 'keeping it stopped'); // prettier-ignore
  for (const level of step.levels.toReversed()) {
    const ids = level.map(({ id }) => id);
    for (const { service } of level) record.since[service] ??= monotonicMs();
    // Not ended by an interruption: the engine would go on with it, and kill what the way back had found running.
    const overtimeMs =
      1000 * Math.max(...level.map(({ stopTimeout }) => stopTimeout ?? DEFAULT_STOP_SECONDS));
    const stopped = await context.runner.run(stopContainersArgv(ids), { overtimeMs });
    if (stopped.exitCode !== 0) throw engineError(stopped, `stopping ${names(level)}`);
    if (context.signal.aborted) break;
    const ended = await inspectContainers(context.runner, ids);
    record.killed.push(...ended.filter(({ exitCode }) => exitCode === 137).map(({ service }) => service));
  }
  await saveRecord(context.workDirectory, record);
}

export async function pauseContainers(step: PauseContainers, context: StepContext): Promise<void> {
  const record = await stillRecord(context.workDirectory);
  for (const { service } of step.containers) record.since[service] ??= monotonicMs();
  await docker(context, pauseArgv(step.containers.map(({ id }) => id)), `pausing ${names(step.containers)}`);
  await saveRecord(context.workDirectory, record);
}

export async function resumeContainers(step: ResumeContainers, context: StepContext): Promise<void> {
  const record = await stillRecord(context.workDirectory);
  const list = (): Promise<ContainerState[]> => listContainers(context.runner, context.scope.project);
  let all = await list();
  // Of a command that was cut off the engine may still be stopping some.
  if (await awaitPendingStops(context, new Set(step.levels.flat().map(({ id }) => id)), all))
    all = await list();
  for (const [index, level] of step.levels.entries()) {
    const present = presentOf(level, index === 0 ? all : await list());
    const paused = present.filter(({ status }) => status === 'paused').map(({ id }) => id);
    const stopped = present.filter((container) => !isRunning(container)).map(({ id }) => id);
    if (paused.length > 0) await docker(context, unpauseArgv(paused), `unpausing ${names(level)}`);
    if (stopped.length > 0) await docker(context, startArgv(stopped), `starting ${names(level)}`);
    const always = level.filter((each) => each.restartsAlways && present.some(({ id }) => id === each.id));
    if (always.length > 0)
      await docker(context, restartPolicyArgv('always', always.map(({ id }) => id)), 'setting its restart policy'); // prettier-ignore
    await waitFor(present, level, step.evenUnhealthy === true, context);
    for (const { service } of level) record.until[service] ??= monotonicMs();
  }
  await saveRecord(context.workDirectory, record).catch(() => {});
}

/** The containers themselves; where one is gone because Compose made it anew, those of its service. */
function presentOf(level: readonly RunningContainer[], all: readonly ContainerState[]): ContainerState[] {
  const found = level.flatMap(({ id, service }) => {
    const same = all.find((container) => container.id === id);
    return same === undefined ? all.filter((container) => container.service === service) : [same];
  });
  const missing = level.find(({ service }) => !found.some((container) => container.service === service));
  if (missing !== undefined) {
    throw new RewindError(
      'CONTAINER_GONE',
      `${missing.name} is gone, and ${missing.service} has no other container`,
      {
        hint: `docker compose up -d ${missing.service}`,
      },
    );
  }
  return [...new Map(found.map((container) => [container.id, container])).values()];
}

async function waitFor(
  containers: readonly ContainerState[],
  level: readonly RunningContainer[],
  evenUnhealthy: boolean,
  context: StepContext,
): Promise<void> {
  const begun = monotonicMs();
  // One that was not well before has to run, no more: on a bad night of all nights it must be possible to take its data.
  const wasHealthy = (container: ContainerState): boolean =>
    level.some(({ service, healthy }) => healthy && service === container.service);
  // Of one that was paused the next check is waited for, but where that is so far off that nobody wants to.
  const isToBeChecked = ({ uncheckedMs }: ContainerState): boolean =>
    uncheckedMs !== undefined && uncheckedMs < AFTER_PAUSE_MS && monotonicMs() - begun < AFTER_PAUSE_MS;
  const deadline = monotonicMs() + HEALTH_TIMEOUT_MS;
  for (;;) {
    const now = await inspectContainers(
      context.runner,
      containers.map(({ id }) => id),
    );
    const failed = now.filter(
      (container) =>
        ['exited', 'dead', 'restarting'].includes(container.status) ||
        (!evenUnhealthy && wasHealthy(container) && container.health === 'unhealthy'),
    );
    if (failed.length > 0 || monotonicMs() > deadline) {
      throw new RewindError(
        'NOT_HEALTHY',
        `${failed.map(({ name }) => name).join(', ') || names(level)} did not come up again`,
        {
          details: await lastWords(context, failed),
        },
      );
    }
    if (
      now.every(
        (container) =>
          !wasHealthy(container) ||
          container.health === undefined ||
          (container.health === 'healthy' && !isToBeChecked(container)) ||
          (evenUnhealthy && container.health === 'unhealthy'),
      )
    )
      return;
    await delay(POLL_MS, undefined, { signal: context.signal });
  }
}

export async function stillRecord(workDirectory: string): Promise<StillRecord> {
  const text = await readFile(join(workDirectory, 'still.json'), 'utf8').catch(() => undefined);
  return text === undefined ? { since: {}, until: {}, killed: [] } : (JSON.parse(text) as StillRecord);
}

async function saveRecord(workDirectory: string, record: StillRecord): Promise<void> {
  await writeDurably(join(workDirectory, 'still.json'), JSON.stringify(record));
}

async function docker(context: StepContext, argv: Argv, doing: string): Promise<void> {
  const result = await context.runner.run(argv, { signal: context.signal });
  if (result.exitCode !== 0 && !context.signal.aborted) throw engineError(result, doing);
}

const names = (containers: readonly RunningContainer[]): string =>
  containers.map(({ name }) => name).join(', ');
