import type { ComposeOptions } from '../../compose/options.ts';
import { upArgv } from '../../docker/compose.ts';
import { engineError, isUnreachable, lastLine } from '../../docker/engine-error.ts';
import { RewindError } from '../../errors.ts';
import type { StepBase, StepContext } from './context.ts';
import { lastWords } from './last-words.ts';
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
      details: await lastWords(context, down),
    },
  );
}
