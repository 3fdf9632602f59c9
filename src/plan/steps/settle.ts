import { setTimeout as sleep } from 'node:timers/promises';
import { listContainers, startArgv, type ContainerState } from '../../docker/containers.ts';
import { engineError, lastLine } from '../../docker/engine-error.ts';
import type { RunResult } from '../../docker/runner.ts';
import type { StepContext } from './context.ts';

const POLL_MS = 300;

/**
 * Whether `up --wait` ended only because it does not know how to wait: it does so for all services at once as soon as
 * one container ended with 0 (docker/compose#10596) or has its health check disabled, although nothing is wrong then.
 */
function gaveUpWaiting(result: RunResult): boolean {
  return /^container \S+ (?:exited \(0\)|has no healthcheck configured)$/.test(lastLine(result));
}

/**
 * Whether `up --wait` ended although nothing is wrong that it knows of. It also takes a container that was paused for
 * unhealthy until its next check, and does not start what depends on its health: that is started here.
 */
export async function endedForNothing(
  context: StepContext,
  result: RunResult,
  services: readonly string[],
): Promise<boolean> {
  if (gaveUpWaiting(result)) return true;
  const name = /\bcontainer (\S+) is unhealthy$/.exec(lastLine(result))?.[1];
  if (name === undefined) return false;
  const containers = await listContainers(context.runner, context.scope.project);
  const unchecked = containers.some((each) => each.name === name && each.uncheckedMs !== undefined);
  if (!unchecked) return false;
  const left = containers.filter((each) => each.status === 'created' && services.includes(each.service));
  if (left.length === 0) return true;
  const started = await context.runner.run(startArgv(left.map(({ id }) => id)), { signal: context.signal });
  if (started.exitCode !== 0 && !context.signal.aborted)
    throw engineError(started, 'starting what depends on it');
  return true;
}

/**
 * Goes on waiting where Compose stopped. Returns the containers that are not up: none when all is well, as soon as
 * one cannot get there any more.
 */
export async function settle(context: StepContext, services: readonly string[]): Promise<ContainerState[]> {
  for (;;) {
    const down = await notUp(context, services);
    if (down.length === 0 || context.signal.aborted || !down.every(isComing)) return down;
    await sleep(POLL_MS, undefined, { signal: context.signal }).catch(() => {});
  }
}

/** The containers of these services that neither run well nor ended with 0. */
export async function notUp(context: StepContext, services: readonly string[]): Promise<ContainerState[]> {
  const containers = await listContainers(context.runner, context.scope.project);
  return containers.filter((container) => services.includes(container.service) && !isFinishedOrUp(container));
}

/** `shop-web-1 is unhealthy`: what Compose would have said, had it waited. */
export function statesOf(containers: readonly ContainerState[]): string {
  return containers
    .map(({ name, status, health }) => `${name} is ${status === 'running' ? (health ?? status) : status}`)
    .join(', ');
}

function isFinishedOrUp(container: ContainerState): boolean {
  if (container.status === 'exited') return container.exitCode === 0;
  return container.status === 'running' && (container.health === undefined || container.health === 'healthy');
}

function isComing(container: ContainerState): boolean {
  return container.status === 'running' && container.health === 'starting';
}
