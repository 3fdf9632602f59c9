import { messageOf, RewindError } from '../errors.ts';
import { isUnreachable } from '../docker/engine-error.ts';
import type { Runner } from '../docker/runner.ts';
import type { ResolvedModel } from '../compose/project.ts';
import type { Journal, JournalEntry, JournalProgress } from './journal.ts';
import { untouchedSteps, type Plan } from './plan.ts';
import { isOnward, nextStep, wayOf } from './recovery.ts';
import { isChange, isVisibleChange, runStep, type RunContext, type Step } from './steps/index.ts';
import type { StepProgress } from './steps/context.ts';
import type { Findings } from './steps/context.ts';
import { guardBefore, Watchdog } from './watchdog.ts';

/** Forward, back, or clearing up after success. */
export type Phase = 'step' | 'undo' | 'finish';

/** What a progress display hears of an execution. */
export interface ExecutionObserver {
  started(phase: Phase, step: Step): void;
  output(line: string): void;
  /** Said of all such steps of the way back before it begins: they have nothing to bring back. */
  skipped(step: Step): void;
  progress?(progress: StepProgress): void;
  finished(phase: Phase, step: Step, error?: Error): void;
}

export const SILENT: ExecutionObserver = {
  started: () => {},
  output: () => {},
  skipped: () => {},
  finished: () => {},
};

/** How an execution ended. In all cases but `not-undone` the world is either as planned or as before. */
export type Execution =
  /**
   * `notes`: what people should know of what was done. `leftover`: all is done, but something that is not needed any more could
   * not be cleared away.
   */
  | { outcome: 'done'; notes?: readonly string[]; leftover?: Error }
  /** Failed before anything that people see was changed. */
  | { outcome: 'unchanged'; error: Error }
  | { outcome: 'undone'; error: Error }
  | { outcome: 'not-undone'; error: Error; undoError: Error; undoStep: Step };

export interface ExecutionContext {
  runner: Runner;
  /** Aborted by the first Ctrl-C or SIGTERM: the present step is ended and the way back taken. */
  signal: AbortSignal;
  observer: ExecutionObserver;
  journal: Journal;
  /** The model that the plan was made from, for the proof of edits. */
  before?: ResolvedModel;
  /** Records the success. Where it cannot (a full disk), the plan counts as failed and is taken back. */
  conclude?: (findings: Findings) => Promise<void>;
}

/**
 * Walks the plan, and walks its way back when a step fails or the user wants out. Decides nothing else.
 * The way back is not interrupted by the signal that caused it, and is never itself taken back.
 */
export async function execute(plan: Plan, context: ExecutionContext): Promise<Execution> {
  return watched(plan, context, (guarded) => walk(plan, guarded, []));
}

/** Concludes an execution that was cut off where `entries` say, as its plan says: onward, or back. */
export async function resume(
  plan: Plan,
  context: ExecutionContext,
  entries: JournalProgress,
): Promise<Execution> {
  return watched(plan, context, (guarded) => walkOn(plan, guarded, entries));
}

type Watched = ExecutionContext & { watchdog: Watchdog };

/** Somebody looks after the services that are stopped on the way, should we die. */
async function watched(
  plan: Plan,
  context: ExecutionContext,
  work: (context: Watched) => Promise<Execution>,
): Promise<Execution> {
  const watchdog = new Watchdog(context.runner, context.journal.directory, plan.scope.project);
  let execution: Execution | undefined;
  try {
    execution = await work({ ...context, watchdog });
    return execution;
  } finally {
    await watchdog.end(execution !== undefined && execution.outcome !== 'not-undone');
  }
}

async function walkOn(plan: Plan, context: Watched, entries: JournalProgress): Promise<Execution> {
  if (wayOf(plan, entries) !== 'back') return walk(plan, context, entries);
  const undone = await undo(plan, context, entries);
  const error = new RewindError('CUT_OFF', `the ${plan.command} was cut off`);
  return undone === undefined ? { outcome: 'undone', error } : { outcome: 'not-undone', error, ...undone };
}

async function walk(plan: Plan, context: Watched, before: JournalProgress): Promise<Execution> {
  const { journal } = context;
  const entries = [...before];
  const findings: Findings = {};
  const tooLate = (): void => {
    if (isOnward(plan, entries)) context.observer.output(TOO_LATE);
  };
  context.signal.addEventListener('abort', tooLate, { once: true });
  const forward = async (): Promise<void> => {
    for (let index = nextStep(plan, entries); index < plan.steps.length; index += 1) {
      const step = plan.steps[index] as Step;
      const uninterrupted = index >= (plan.onward ?? Infinity);
      const { signal } = context;
      if (signal.aborted && !uninterrupted) throw interruption(signal);
      const onward = isOnward(plan, entries);
      // Sent away before it is written that data is swapped now; told of services to be started only after it is written
      // that they are: whoever recovers has to know of everything that may have been written by them.
      if (guardBefore(step) === 'away') await context.watchdog.before(step);
      await journal.record('step', index, 'started').catch(unless(onward));
      entries.push({ phase: 'step', index, state: 'started' });
      try {
        if (uninterrupted) await attemptToTheEnd('step', step, plan, context, findings);
        else await attempt('step', step, plan, context, signal, findings);
      } catch (error) {
        // One that was interrupted may have done its work all the same.
        if (uninterrupted || !signal.aborted) {
          entries.push({ phase: 'step', index, state: 'failed' });
          await journal.record('step', index, 'failed').catch(() => {});
        }
        throw error;
      }
      await journal.record('step', index, 'done').catch(unless(isOnward(plan, entries)));
      entries.push({ phase: 'step', index, state: 'done' });
    }
    await context.conclude?.(findings);
  };
  try {
    await forward();
  } catch (thrown) {
    const interrupted = context.signal.aborted && !isOnward(plan, entries);
    const error = interrupted ? interruption(context.signal, thrown) : asError(thrown);
    // An engine that went away is no reason to lose what was written since: recover goes on when it is there again.
    if (
      isOnward(plan, entries) &&
      (plan.noWayBack === true || (await isEngineGone(thrown, context.runner)))
    ) {
      const undoStep = plan.steps[nextStep(plan, entries)] as Step;
      return { outcome: 'not-undone', error, undoError: error, undoStep };
    }
    const begun = plan.steps.filter((_, index) => entries.some((entry) => entry.index === index));
    const undone = begun.some(isChange) ? await undo(plan, context, entries) : undefined;
    if (undone !== undefined) return { outcome: 'not-undone', error, ...undone };
    return { outcome: begun.some(isVisibleChange) ? 'undone' : 'unchanged', error };
  }
  context.signal.removeEventListener('abort', tooLate);
  const clearing = (): void => context.observer.output(CLEARING);
  context.signal.addEventListener('abort', clearing, { once: true });
  const leftover = await finish(plan, context);
  context.signal.removeEventListener('abort', clearing);
  const { notes } = findings;
  return {
    outcome: 'done',
    ...(notes === undefined ? {} : { notes }),
    ...(leftover === undefined ? {} : { leftover }),
  };
}

/** One that is just going away says all sorts of things, or nothing: then it is asked. */
async function isEngineGone(thrown: unknown, runner: Runner): Promise<boolean> {
  if (thrown instanceof RewindError && thrown.code === 'ENGINE_UNREACHABLE') return true;
  const answer = await runner.run(['docker', 'version']).catch(() => undefined);
  return answer !== undefined && answer.exitCode !== 0 && isUnreachable(answer);
}

const TOO_LATE =
  'going back now would lose what was written since: this is brought to its end; a second time leaves at once';

const CLEARING = 'all is done, and is only cleared up after: a second time leaves at once';

/** Where there is only forward, a journal that takes no more lines (a full disk) stops nothing: recovery repeats more. */
function unless(onward: boolean): (error: unknown) => void {
  return (error) => {
    if (!onward) throw error;
  };
}

const never = (): AbortSignal => new AbortController().signal;

/** Clears up after all steps are done: there is no way back from here. The first failure; the other steps run all the same. */
export async function finish(plan: Plan, context: Uninterrupted): Promise<Error | undefined> {
  let failure: Error | undefined;
  for (const step of plan.finish ?? []) {
    await attemptToTheEnd('finish', step, plan, context, {}).catch((error: unknown) => {
      failure ??= asError(error);
    });
  }
  return failure;
}

/**
 * Walks the way back alone, from where `entries` say that the plan was left; the step that failed, or undefined when
 * everything is as it was.
 */
async function undo(
  plan: Plan,
  context: Watched,
  entries: JournalProgress,
): Promise<{ undoError: Error; undoStep: Step } | undefined> {
  // A full disk must not keep services down: what the journal cannot take any more is done all the same.
  const record = (index: number, state: JournalEntry['state']): Promise<void> =>
    context.journal.record('undo', index, state).catch(() => {});
  await context.journal.releaseReserve();
  const untouched = untouchedSteps(plan, entries);
  for (const step of untouched) context.observer.skipped(step);
  for (const [index, step] of plan.undo.entries()) {
    if (untouched.has(step)) continue;
    await record(index, 'started');
    try {
      await attemptToTheEnd('undo', step, plan, context, {});
      await record(index, 'done');
    } catch (error) {
      await record(index, 'failed');
      return { undoError: asError(error), undoStep: step };
    }
  }
  return undefined;
}

type Uninterrupted = Omit<ExecutionContext, 'signal'> & { signal?: AbortSignal; watchdog?: Watchdog };

/**
 * Runs a step that nothing interrupts. A terminal's Ctrl-C reaches its docker call all the same, as every process there: a
 * step that failed while it came is run once more.
 */
async function attemptToTheEnd(
  phase: Phase,
  step: Step,
  plan: Plan,
  context: Uninterrupted,
  findings: Findings,
): Promise<void> {
  const wantedOut = context.signal?.aborted === true;
  try {
    await attempt(phase, step, plan, context, never(), findings);
  } catch (error) {
    if (wantedOut || context.signal?.aborted !== true) throw error;
    await attempt(phase, step, plan, context, never(), findings);
  }
}

async function attempt(
  phase: Phase,
  step: Step,
  plan: Plan,
  context: Omit<ExecutionContext, 'signal'> & { watchdog?: Watchdog },
  signal: AbortSignal,
  findings: Findings,
): Promise<void> {
  const { observer } = context;
  observer.started(phase, step);
  const run: RunContext = {
    runner: context.runner,
    scope: plan.scope,
    signal,
    onLine: (line) => observer.output(line),
    onNote: (note) => (findings.notes ??= []).push(note),
    onProgress: (progress) => observer.progress?.(progress),
    workDirectory: context.journal.directory,
    findings,
    ...(context.before === undefined ? {} : { before: context.before }),
  };
  try {
    await context.watchdog?.before(step);
    await runStep(step, run);
    await context.watchdog?.after(step);
    if (signal.aborted) throw interruption(signal);
    observer.finished(phase, step);
  } catch (thrown) {
    const error = signal.aborted ? interruption(signal, thrown) : asError(thrown);
    observer.finished(phase, step, error);
    throw error;
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(messageOf(thrown));
}

/** The signal's own reason says who wanted out and with which exit code. */
function interruption(signal: AbortSignal, cause?: unknown): RewindError {
  if (cause instanceof RewindError && cause === signal.reason) return cause;
  if (signal.reason instanceof RewindError) return signal.reason;
  return new RewindError('INTERRUPTED', 'interrupted', { exit: 'interrupted', cause });
}
