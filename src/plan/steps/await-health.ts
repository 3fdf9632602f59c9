import { setTimeout as delay } from 'node:timers/promises';
import { listContainers, startArgv } from '../../docker/containers.ts';
import { engineError } from '../../docker/engine-error.ts';
import { healthOf, type Health } from '../../docker/health.ts';
import { RewindError } from '../../errors.ts';
import type { StepBase, StepContext } from './context.ts';
import type { RunningContainer } from './still-services.ts';
import { lastWords } from './last-words.ts';

/**
 * Wait until these containers, whose clients were disconnected, are as well as they were: running, and healthy by a check
 * that began after this step. One that ended (it lost its connection, the engine was restarted) is started again, once, as
 * soon as those before it are well.
 */
export interface AwaitHealth extends StepBase {
  kind: 'await-health';
  /** In the order of starting. */
  containers: readonly RunningContainer[];
}

const POLL_MS = 200;
// Of a check that is made more seldom the last word is taken: nobody wants to wait for it.
const LONGEST_INTERVAL_MS = 60_000;
const TIMEOUT_MS = 5 * 60_000;

export async function awaitHealth(step: AwaitHealth, context: StepContext): Promise<void> {
  const { runner, signal } = context;
  const ids = step.containers.map(({ id }) => id);
  const healthy = new Set(step.containers.filter((each) => each.healthy).map(({ id }) => id));
  let now = await healthOf(runner, ids);
  const before = new Map(now.map(({ id, check }) => [id, check?.lastAt]));
  const started = new Set<string>();
  const begun = performance.now();
  for (;;) {
    const ended = now.filter(({ status }) => status === 'exited' || status === 'dead');
    const failed = now.filter(
      (each) =>
        (ended.includes(each) && started.has(each.id)) ||
        // The engine calls one that has ended unhealthy, too.
        (!ended.includes(each) && healthy.has(each.id) && each.check?.status === 'unhealthy'),
    );
    const waiting = now.filter((each) => !isWell(each, healthy.has(each.id), before.get(each.id)));
    if (failed.length > 0 || (waiting.length > 0 && performance.now() - begun > TIMEOUT_MS))
      throw await notWell(failed.length > 0 ? failed : waiting, context);
    if (waiting.length === 0) return;
    // What somebody depends on comes before them: in its network, for one, they cannot start without it.
    const [first] = ids.flatMap((id) => now.filter((each) => each.id === id && !isUp(each, healthy.has(id))));
    if (first !== undefined && ended.includes(first)) {
      const result = await runner.run(startArgv([first.id]), { signal });
      if (result.exitCode !== 0 && !signal.aborted) throw engineError(result, `starting ${first.name} again`);
      started.add(first.id);
    }
    await delay(POLL_MS, undefined, { signal });
    now = await healthOf(runner, ids);
  }
}

function isUp({ status, check }: Health, wasHealthy: boolean): boolean {
  if (status !== 'running' && status !== 'paused') return false;
  return !wasHealthy || check === undefined || check.status === 'healthy';
}

function isWell(container: Health, wasHealthy: boolean, lastAtBefore: string | undefined): boolean {
  if (!isUp(container, wasHealthy)) return false;
  const { status, check } = container;
  if (!wasHealthy || check === undefined) return true;
  // Checks are not made while a container is paused.
  if (check.intervalMs > LONGEST_INTERVAL_MS || status === 'paused') return true;
  return check.lastAt !== lastAtBefore && check.lastPassed;
}

async function notWell(bad: readonly Health[], context: StepContext): Promise<RewindError> {
  const containers = await listContainers(context.runner, context.scope.project);
  return new RewindError('NOT_HEALTHY', `${bad.map(({ name }) => name).join(', ')} did not get well again`, {
    details: await lastWords(
      context,
      containers.filter(({ id }) => bad.some((each) => each.id === id)),
    ),
  });
}
