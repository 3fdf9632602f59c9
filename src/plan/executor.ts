import { messageOf, RewindError } from '../errors.ts';
import type { Runner } from '../docker/runner.ts';
import type { ResolvedModel } from '../compose/project.ts';
import type { Journal, JournalEntry } from './journal.ts';
import { untouchedSteps, type Plan } from './plan.ts';
import { isChange, isVisibleChange, runStep, type RunContext, type Step } from './steps/index.ts';
import type { StepProgress } from './steps/context.ts';
import type { Findings } from './steps/verify-images.ts';

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
  /** `leftover`: all is done, but something that is not needed any more could not be cleared away. */
  | { outcome: 'done'; leftover?: Error }
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
  const { journal } = context;
  let changed = false;
  let visible = false;
  const entries: Pick<JournalEntry, 'phase' | 'index' | 'state'>[] = [];
  const findings: Findings = {};
  const forward = async (): Promise<void> => {
    for (const [index, step] of plan.steps.entries()) {
      if (context.signal.aborted) throw interruption(context.signal);
      await journal.record('step', index, 'started');
      entries.push({ phase: 'step', index, state: 'started' });
      changed ||= isChange(step);
      visible ||= isVisibleChange(step);
      try {
        await attempt('step', step, plan, context, context.signal, findings);
      } catch (error) {
        // One that was interrupted may have done its work all the same.
        if (!context.signal.aborted) {
          entries.push({ phase: 'step', index, state: 'failed' });
          await journal.record('step', index, 'failed').catch(() => {});
        }
        throw error;
      }
      await journal.record('step', index, 'done');
    }
    await context.conclude?.(findings);
  };
  try {
    await forward();
  } catch (thrown) {
    const error = context.signal.aborted ? interruption(context.signal, thrown) : asError(thrown);
    const undone = changed ? await undo(plan, context, entries) : undefined;
    if (undone !== undefined) return { outcome: 'not-undone', error, ...undone };
    return { outcome: visible ? 'undone' : 'unchanged', error };
  }
  const leftover = await finish(plan, context);
  return { outcome: 'done', ...(leftover === undefined ? {} : { leftover }) };
}

/** Clears up after all steps are done: there is no way back from here. The first failure; the other steps run all the same. */
export async function finish(
  plan: Plan,
  context: Omit<ExecutionContext, 'signal'>,
): Promise<Error | undefined> {
  let failure: Error | undefined;
  for (const step of plan.finish ?? []) {
    await attempt('finish', step, plan, context, new AbortController().signal, {}).catch((error: unknown) => {
      failure ??= asError(error);
    });
  }
  return failure;
}

/**
 * Walks the way back alone, from where `entries` say that the plan was left; the step that failed, or undefined when
 * everything is as it was.
 */
export async function undo(
  plan: Plan,
  context: Omit<ExecutionContext, 'signal'>,
  entries: readonly Pick<JournalEntry, 'phase' | 'index' | 'state'>[],
): Promise<{ undoError: Error; undoStep: Step } | undefined> {
  const never = new AbortController().signal;
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
      await attempt('undo', step, plan, context, never, {});
      await record(index, 'done');
    } catch (error) {
      await record(index, 'failed');
      return { undoError: asError(error), undoStep: step };
    }
  }
  return undefined;
}

async function attempt(
  phase: Phase,
  step: Step,
  plan: Plan,
  context: Omit<ExecutionContext, 'signal'>,
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
    onProgress: (progress) => observer.progress?.(progress),
    workDirectory: context.journal.directory,
    findings,
    ...(context.before === undefined ? {} : { before: context.before }),
  };
  try {
    await runStep(step, run);
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
