import { finish, undo, type ExecutionContext, type ExecutionObserver } from '../plan/executor.ts';
import { unfinishedJournals, type UnfinishedJournal } from '../plan/journal.ts';
import { describeStep, type Plan } from '../plan/plan.ts';
import type { Step } from '../plan/steps/index.ts';
import type { Runner } from '../docker/runner.ts';
import { messageOf, RewindError } from '../errors.ts';
import { succeededRecord, takenBackRecord, type Draft } from './draft.ts';
import { appendHistory, readHistory } from './history.ts';

export interface Recovered {
  journal: string;
  command: string;
  /** The deployment that was cut off. */
  deployment: string;
  /** `finished`: all was done but the record; `undone`: taken back; `nothing`: nothing had been changed. */
  outcome: 'finished' | 'undone' | 'nothing';
}

/** What recover would do with one journal. */
export function recoveryOf(unfinished: UnfinishedJournal): Recovered {
  const { plan, entries, journal } = unfinished;
  const draft = plan?.subject as Draft | undefined;
  const done = plan?.steps.every((_, index) =>
    entries.some((entry) => entry.phase === 'step' && entry.index === index && entry.state === 'done'),
  );
  const goingBack = entries.some((entry) => entry.phase === 'undo');
  return {
    journal: journal.id,
    command: plan?.command ?? 'unknown',
    deployment: draft?.base.id ?? '',
    outcome:
      plan === undefined || entries.length === 0 ? 'nothing' : done && !goingBack ? 'finished' : 'undone',
  };
}

/**
 * Concludes one unfinished execution: records it when only the record was missing, else takes it back. May be
 * interrupted and run again. Throws `notUndone` (exit 5) when something cannot be put back; the journal stays.
 * The caller holds the lock.
 */
export async function recover(
  runner: Runner,
  stateDirectory: string,
  observer: ExecutionObserver,
  unfinished: UnfinishedJournal,
): Promise<Recovered> {
  const { plan, journal } = unfinished;
  const result = recoveryOf(unfinished);
  const draft = plan?.subject as Draft | undefined;
  if (plan === undefined || result.outcome === 'nothing') {
    await journal.conclude();
    return result;
  }
  if (draft === undefined) {
    await recoverData(plan, { runner, observer, journal }, unfinished, result);
    await journal.conclude();
    return result;
  }
  const history = await readHistory(stateDirectory);
  const recorded = history.deployments.find((entry) => entry.uid === draft.base.uid);
  if (recorded?.status === 'succeeded') {
    await journal.conclude();
    return { ...result, outcome: 'finished' };
  }
  if (result.outcome === 'finished') {
    await appendHistory(stateDirectory, await succeededRecord(runner, plan.scope, draft));
    await journal.conclude();
    return result;
  }
  const failure = await undo(plan, { runner, observer, journal }, unfinished.entries);
  if (failure !== undefined) throw notUndone(draft.base.id, failure);
  if (recorded === undefined) {
    const record = await takenBackRecord(
      runner,
      draft,
      'interrupted',
      'the command was cut off; recover took it back',
    );
    await appendHistory(stateDirectory, record);
  }
  await journal.conclude();
  return result;
}

/** A backup or a restore: nothing is recorded anywhere but in what it makes. */
async function recoverData(
  plan: Plan,
  context: Omit<ExecutionContext, 'signal'>,
  unfinished: UnfinishedJournal,
  result: Recovered,
): Promise<void> {
  if (result.outcome === 'finished') {
    const leftover = await finish(plan, context);
    if (leftover !== undefined) throw leftover;
    return;
  }
  const failure = await undo(plan, context, unfinished.entries);
  if (failure !== undefined) throw notUndone(`the ${plan.command}`, failure);
}

function notUndone(what: string, failure: { undoError: Error; undoStep: Step }): RewindError {
  const { undoError, undoStep } = failure;
  return new RewindError(
    'NOT_UNDONE',
    `${what} cannot be taken back: "${describeStep(undoStep)}" failed: ${messageOf(undoError)}`,
    {
      exit: 'notUndone',
      details: undoError instanceof RewindError ? undoError.details : [],
      hint: 'Mend what the message names, then again: docker rewind recover',
      cause: undoError,
    },
  );
}

/** Refuses to go on (exit 5) while an earlier execution is unfinished: nobody knows what stands where. */
export async function requireConcluded(stateDirectory: string): Promise<void> {
  const unfinished = await unfinishedJournals(stateDirectory);
  const [first] = unfinished;
  if (first === undefined) return;
  const { command, deployment } = recoveryOf(first);
  throw new RewindError(
    'UNFINISHED',
    `an earlier ${command}${deployment === '' ? '' : ` (${deployment})`} was cut off and is not concluded`,
    {
      exit: 'notUndone',
      hint: 'docker rewind recover finishes it or takes it back (--dry-run shows what it would do)',
    },
  );
}
