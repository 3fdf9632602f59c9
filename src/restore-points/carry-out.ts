import type { Runner } from '../docker/runner.ts';
import { isInterruption, messageOf, RewindError, withState } from '../errors.ts';
import { execute, type ExecutionContext } from '../plan/executor.ts';
import { Journal } from '../plan/journal.ts';
import { describeStep, type Plan } from '../plan/plan.ts';
import { openStateDirectory } from '../plan/state-directory.ts';
import { completePoints } from './complete-points.ts';

/**
 * Executes a plan that records no deployment under its journal. Throws `failed` (exit 1; the error's own code where it refused before
 * anything was touched) when everything is as it was, `notUndone` (5) when the way back failed. Returns what people
 * should know of what was done, and of what could not be cleared away.
 */
export async function carryOutPlan(
  runner: Runner,
  plan: Plan,
  options: Pick<ExecutionContext, 'observer' | 'signal' | 'before'>,
): Promise<string[]> {
  const stateDirectory = await openStateDirectory(plan.scope.directory);
  const journal = await Journal.begin(stateDirectory, plan);
  const execution = await execute(plan, { runner, journal, ...options });
  if (execution.outcome === 'done') {
    // What is left over stays in the journal, for recover.
    if (execution.leftover === undefined) await journal.conclude();
    const { notes = [] } = execution;
    return execution.leftover === undefined
      ? [...notes]
      : [
          ...notes,
          `done, but not cleared up: ${execution.leftover.message}; docker rewind recover tries again`,
        ];
  }
  const { error } = execution;
  const details = error instanceof RewindError ? error.details : [];
  if (execution.outcome === 'not-undone') {
    throw new RewindError(
      'NOT_UNDONE',
      `${messageOf(error)}; and the way back failed too, at "${describeStep(execution.undoStep)}": ${messageOf(execution.undoError)}`,
      {
        exit: 'notUndone',
        state: 'not-undone',
        details: [
          ...details,
          ...(execution.undoError instanceof RewindError ? execution.undoError.details : []),
        ],
        hint: 'Mend what the message names, then: docker rewind recover',
        cause: error,
      },
    );
  }
  await journal.conclude();
  const kept = await completePoints(plan);
  if (execution.outcome === 'unchanged') throw withState(error, 'unchanged', `Nothing was changed${kept}`);
  throw withState(
    error,
    'undone',
    `Everything is back as it was${kept}`,
    isInterruption(error) ? undefined : 'failed',
  );
}
