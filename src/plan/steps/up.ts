import type { ComposeOptions } from '../../compose/options.ts';
import { logsArgv, upArgv } from '../../docker/compose.ts';
import type { ContainerState } from '../../docker/containers.ts';
import { engineError, isUnreachable, lastLine } from '../../docker/engine-error.ts';
import { RewindError } from '../../errors.ts';
import type { StepBase, StepContext } from './context.ts';
import { endedForNothing, notUp, settle, statesOf } from './settle.ts';

/** `docker compose up -d --wait` of these services. */
export interface ComposeUp extends StepBase {
  kind: 'compose-up';
  services: readonly string[];
  /** Leave their dependencies alone even where Compose would replace them. */
  isolated: boolean;
  /** Replicas per service where the running number is not that of the file. */
  scale: Readonly<Record<string, number>>;
  options: ComposeOptions;
}

const LOG_LINES = 10;

export async function up(step: ComposeUp, context: StepContext): Promise<void> {
  const result = await context.runner.run(upArgv(step.options, { ...step, wait: true }), {
    cwd: context.scope.cwd,
    signal: context.signal,
    onLine: context.onLine,
  });
  if (result.exitCode === 0 || context.signal.aborted) return;
  if (isUnreachable(result)) throw engineError(result);
  const gaveUp = await endedForNothing(context, result, step.services);
  const down = await (gaveUp ? settle : notUp)(context, step.services);
  if (context.signal.aborted || (gaveUp && down.length === 0)) return;
  throw new RewindError(
    'NOT_HEALTHY',
    `the new containers did not come up: ${gaveUp ? statesOf(down) : lastLine(result)}`,
    {
      details: await lastLogs(context, down),
    },
  );
}

/** The last log lines of each container, headed by its name and state. */
export async function lastLogs(
  context: StepContext,
  containers: readonly ContainerState[],
): Promise<string[]> {
  const logs = await Promise.all(
    containers.map(async (container) => {
      const result = await context.runner.run(logsArgv(container.name, LOG_LINES));
      const lines = `${result.stdout}${result.stderr}`.split('\n').filter((line) => line !== '');
      const state =
        container.status === 'running'
          ? (container.health ?? 'running')
          : `${container.status} with code ${container.exitCode}`;
      return [`${container.name} (${state}), last log lines:`, ...lines.map((line) => `  ${line}`)];
    }),
  );
  return logs.flat();
}
