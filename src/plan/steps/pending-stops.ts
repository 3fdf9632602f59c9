import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, listContainers, type ContainerState } from '../../docker/containers.ts';
import { signalledContainers } from '../../docker/events.ts';
import type { StepContext } from './context.ts';

const POLL_MS = 100;
/** What the engine needs to notice an end, and a clock that is not quite ours. */
const MARGIN_SECONDS = 5;

/**
 * The engine goes on stopping a container when whoever asked for it is gone: one that seems to run well would be killed
 * at the end of its grace period, after we had left. So those that were sent a signal just now are waited for, until
 * they ended or outlived it.
 */
export async function awaitPendingStops(context: StepContext, ids: ReadonlySet<string>): Promise<void> {
  const { runner, scope, signal } = context;
  const running = async (): Promise<ContainerState[]> =>
    (await listContainers(runner, scope.project)).filter((entry) => ids.has(entry.id) && isRunning(entry));
  const candidates = await running();
  if (candidates.length === 0) return;
  const grace = Math.max(...candidates.map((entry) => entry.stopTimeout)) + MARGIN_SECONDS;
  const signalled = await signalledContainers(runner, scope.project, grace);
  const pending = candidates.filter((entry) => signalled.has(entry.id)).map((entry) => entry.id);
  for (const deadline = Date.now() + grace * 1000; pending.length > 0 && Date.now() < deadline;) {
    const left = (await running()).filter((entry) => pending.includes(entry.id));
    if (left.length === 0 || signal.aborted) return;
    await sleep(POLL_MS);
  }
}
