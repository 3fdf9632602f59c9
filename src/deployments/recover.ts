import { finish, resume, type ExecutionObserver } from '../plan/executor.ts';
import type { UnfinishedJournal } from '../plan/journal.ts';
import { describeStep } from '../plan/plan.ts';
import { recoverySteps, wayOf, type Way } from '../plan/recovery.ts';
import type { Step } from '../plan/steps/index.ts';
import { relieveWatchdog } from '../plan/watchdog.ts';
import type { Runner } from '../docker/runner.ts';
import { messageOf, RewindError } from '../errors.ts';
import { succeededRecord, takenBackRecord, type Draft } from './draft.ts';
import { appendHistory, readHistory } from './history.ts';

/** A step of a recovery: that it will run, or that it ran. */
export interface RecoveryStep {
  phase: 'step' | 'undo' | 'finish';
  kind: Step['kind'];
  resource: string;
  description: string;
}

export interface Recovered {
  journal: string;
  command: string;
  /** The deployment that was cut off. */
  deployment: string;
  /** `finished`: brought to its end; `undone`: taken back; `nothing`: nothing had been changed. */
  outcome: 'finished' | 'undone' | 'nothing';
  steps: RecoveryStep[];
  /** What people should know of what was done; absent: nothing. */
  notes?: readonly string[];
}

export interface RecoverOptions {
  observer: ExecutionObserver;
  signal: AbortSignal;
}

/** How it will be concluded. */
export function recoveryWay({ plan, entries }: UnfinishedJournal): Way {
  return plan === undefined ? 'nothing' : wayOf(plan, entries);
}

const OUTCOMES = { nothing: 'nothing', finish: 'finished', onward: 'finished', back: 'undone' } as const;

/** What recover would do with one journal. */
export function recoveryOf(unfinished: UnfinishedJournal): Recovered {
  const { plan, entries, journal } = unfinished;
  const draft = plan?.subject as Draft | undefined;
  return {
    journal: journal.id,
    command: plan?.command ?? 'unknown',
    deployment: draft?.base.id ?? '',
    outcome: OUTCOMES[recoveryWay(unfinished)],
    steps:
      plan === undefined ? [] : recoverySteps(plan, entries).map(({ phase, step }) => described(phase, step)),
  };
}

function described(phase: RecoveryStep['phase'], step: Step): RecoveryStep {
  return { phase, kind: step.kind, resource: step.resource, description: describeStep(step) };
}

/**
 * Concludes one unfinished execution: brings it to its end where that is all that is left, or where going back would
 * lose something; takes it back otherwise. May be interrupted and run again. Throws `notUndone` (exit 5) when something
 * cannot be put back; the journal stays. The caller holds the lock.
 */
export async function recover(
  runner: Runner,
  stateDirectory: string,
  unfinished: UnfinishedJournal,
  options: RecoverOptions,
): Promise<Recovered> {
  const { plan, journal, entries } = unfinished;
  const planned = recoveryOf(unfinished);
  await relieveWatchdog(journal.directory);
  if (plan === undefined || planned.outcome === 'nothing') {
    await journal.conclude();
    return planned;
  }
  const steps: RecoveryStep[] = [];
  const context = { runner, journal, signal: options.signal, observer: recording(options.observer, steps) };
  const draft = plan.subject as Draft | undefined;
  const recorded =
    draft === undefined
      ? undefined
      : (await readHistory(stateDirectory)).deployments.find((entry) => entry.uid === draft.base.uid);
  if (recorded?.status === 'succeeded') {
    requireCleared(await finish(plan, context));
    await journal.conclude();
    return { ...planned, outcome: 'finished', steps };
  }
  const conclude = async (): Promise<void> => {
    if (draft !== undefined)
      await appendHistory(stateDirectory, await succeededRecord(runner, plan.scope, draft));
  };
  const execution = await resume(plan, { ...context, conclude }, entries);
  if (execution.outcome === 'not-undone') throw notUndone(draft?.base.id ?? `the ${plan.command}`, execution);
  if (execution.outcome === 'done') {
    requireCleared(execution.leftover);
  } else if (draft !== undefined && recorded === undefined) {
    const why = 'the command was cut off; recover took it back';
    await appendHistory(stateDirectory, await takenBackRecord(runner, draft, 'interrupted', why));
  }
  await journal.conclude();
  if (execution.outcome !== 'done') return { ...planned, outcome: 'undone', steps };
  const { notes } = execution;
  return { ...planned, outcome: 'finished', steps, ...(notes === undefined ? {} : { notes }) };
}

/** Passes everything on, and keeps what was done. */
function recording(observer: ExecutionObserver, steps: RecoveryStep[]): ExecutionObserver {
  return {
    ...observer,
    finished: (phase, step, error) => {
      if (error === undefined) steps.push(described(phase, step));
      observer.finished(phase, step, error);
    },
  };
}

function requireCleared(leftover: Error | undefined): void {
  if (leftover === undefined) return;
  throw new RewindError('NOT_CLEARED', `all is done, but not cleared up: ${messageOf(leftover)}`, {
    exit: 'notUndone',
    details: leftover instanceof RewindError ? leftover.details : [],
    hint: 'Mend what the message names, then again: docker rewind recover',
    cause: leftover,
  });
}

function notUndone(what: string, failure: { error: Error; undoError: Error; undoStep: Step }): RewindError {
  const { undoError, undoStep } = failure;
  return new RewindError(
    'NOT_UNDONE',
    `${what} cannot be concluded: "${describeStep(undoStep)}" failed: ${messageOf(undoError)}`,
    {
      exit: 'notUndone',
      details: undoError instanceof RewindError ? undoError.details : [],
      hint: 'Mend what the message names, then again: docker rewind recover',
      cause: undoError,
    },
  );
}

/** The unfinished executions that a command may not pass over: what had changed nothing, or has only to be cleared up, is not among them. */
export function unsettled(journals: readonly UnfinishedJournal[]): UnfinishedJournal[] {
  return journals.filter((entry) => !['nothing', 'finish'].includes(recoveryWay(entry)));
}

/** Refuses to go on (exit 5) while an earlier execution is unfinished: nobody knows what stands where. */
export function notConcluded(unfinished: UnfinishedJournal): RewindError {
  const { command, deployment } = recoveryOf(unfinished);
  return new RewindError(
    'UNFINISHED',
    `an earlier ${command}${deployment === '' ? '' : ` (${deployment})`} was cut off and is not concluded`,
    {
      exit: 'notUndone',
      hint: 'docker rewind recover finishes it or takes it back (--dry-run shows what it would do)',
    },
  );
}
