import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, listContainers, type ContainerState } from '../../docker/containers.ts';
import { recentEnds } from '../../docker/events.ts';
import { monotonicMs } from '../monotonic.ts';
import type { StepContext } from './context.ts';

const POLL_MS = 100;
/** What the engine needs to notice an end, and a clock that is not quite ours. */
const MARGIN_SECONDS = 5;

/**
 * The engine goes on stopping a container when whoever asked for it is gone: one that seems to run well would be killed
 * at the end of its grace period, after we had left. So those that were sent a signal just now are waited for, until
 * they ended or outlived it. `now`: the containers as they are, where they were listed just before. Returns whether that
 * list may not be true any more.
 */
export async function awaitPendingStops(
  context: StepContext,
  ids: ReadonlySet<string>,
  now?: readonly ContainerState[],
): Promise<boolean> {
  const { runner, scope, signal } = context;
  const list = (): Promise<ContainerState[]> => listContainers(runner, scope.project);
  const mayEnd = (entry: ContainerState): boolean =>
    ids.has(entry.id) && isRunning(entry) && entry.status !== 'paused';
  const candidates = (now ?? (await list())).filter(mayEnd);
  if (candidates.length === 0) return false;
  const grace = Math.max(...candidates.map((entry) => entry.stopTimeout)) + MARGIN_SECONDS;
  const ends = await recentEnds(runner, scope.project, grace);
  const pending = new Set(candidates.map(({ id }) => id).filter((id) => ends.get(id) === 'signalled'));
  // The answer takes a second: one that was killed meanwhile is waited for by nobody, and does not run.
  if (pending.size === 0) return candidates.some(({ id }) => ends.has(id));
  for (const deadline = monotonicMs() + grace * 1000; monotonicMs() < deadline;) {
    const left = (await list()).filter((entry) => pending.has(entry.id) && mayEnd(entry));
    if (left.length === 0 || signal.aborted) break;
    await sleep(POLL_MS);
  }
  return true;
}
