import type { Runner } from '../docker/runner.ts';
import { ExitCode, messageOf, RewindError, type ExitCodeName } from '../errors.ts';
import { execute, type ExecutionObserver } from '../plan/executor.ts';
import { Journal } from '../plan/journal.ts';
import { describeStep, type Plan } from '../plan/plan.ts';
import { openStateDirectory } from '../plan/state-directory.ts';

/**
 * Executes a plan about data under its journal. Throws `failed` (exit 1; the error's own code where it refused before
 * anything was touched) when everything is as it was, `notUndone` (5) when the way back failed. Returns what people
 * should know of what could not be cleared away.
 */
export async function carryOutData(
  runner: Runner,
  plan: Plan,
  options: { observer: ExecutionObserver; signal: AbortSignal },
): Promise<string[]> {
  const stateDirectory = await openStateDirectory(plan.scope.directory);
  const journal = await Journal.begin(stateDirectory, plan);
  const execution = await execute(plan, { runner, journal, ...options });
  if (execution.outcome === 'done') {
    // What is left over stays in the journal, for recover.
    if (execution.leftover === undefined) await journal.conclude();
    return execution.leftover === undefined
      ? []
      : [`done, but not cleared up: ${execution.leftover.message}; docker rewind recover tries again`];
  }
  const { error } = execution;
  const details = error instanceof RewindError ? error.details : [];
  if (execution.outcome === 'not-undone') {
    throw new RewindError(
      'NOT_UNDONE',
      `${messageOf(error)}; and the way back failed too, at "${describeStep(execution.undoStep)}": ${messageOf(execution.undoError)}`,
      {
        exit: 'notUndone',
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
  if (!(error instanceof RewindError)) throw error;
  const state = execution.outcome === 'unchanged' ? 'Nothing was changed' : 'Everything is back as it was';
  throw new RewindError(error.code, `${error.message}. ${state}`, {
    exit: execution.outcome === 'unchanged' ? exitOf(error) : 'failed',
    details,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: error,
  });
}

function exitOf(error: RewindError): ExitCodeName {
  const name = Object.entries(ExitCode).find(([, code]) => code === error.exitCode)?.[0];
  return (name as ExitCodeName | undefined) ?? 'failed';
}
