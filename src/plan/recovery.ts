import type { JournalProgress } from './journal.ts';
import { untouchedSteps, type Plan } from './plan.ts';
import type { Step } from './steps/index.ts';

/**
 * How an execution that was cut off is concluded: `nothing` was begun; all steps are done and it is to `finish`; it is
 * so far that it goes `onward`; or it goes `back`.
 */
export type Way = 'nothing' | 'finish' | 'onward' | 'back';

export function wayOf(plan: Plan, entries: JournalProgress): Way {
  if (entries.length === 0) return 'nothing';
  if (entries.some(({ phase }) => phase === 'undo')) return 'back';
  if (plan.steps.every((_, index) => isDone(entries, index))) return 'finish';
  return isOnward(plan, entries) ? 'onward' : 'back';
}

/** Whether the step was begun from which on there is only forward. */
export function isOnward(plan: Plan, entries: JournalProgress): boolean {
  const { onward } = plan;
  return onward !== undefined && entries.some(({ phase, index }) => phase === 'step' && index >= onward);
}

/** The first step that is not known to be done. */
export function nextStep(plan: Plan, entries: JournalProgress): number {
  const index = plan.steps.findIndex((_, position) => !isDone(entries, position));
  return index < 0 ? plan.steps.length : index;
}

/** The steps that recovery will run, in order. */
export function recoverySteps(
  plan: Plan,
  entries: JournalProgress,
): { phase: 'step' | 'undo' | 'finish'; step: Step }[] {
  const way = wayOf(plan, entries);
  if (way === 'nothing') return [];
  if (way === 'back') {
    const untouched = untouchedSteps(plan, entries);
    return plan.undo.filter((step) => !untouched.has(step)).map((step) => ({ phase: 'undo', step }));
  }
  return [
    ...plan.steps.slice(nextStep(plan, entries)).map((step) => ({ phase: 'step' as const, step })),
    ...(plan.finish ?? []).map((step) => ({ phase: 'finish' as const, step })),
  ];
}

function isDone(entries: JournalProgress, index: number): boolean {
  return entries.some((entry) => entry.phase === 'step' && entry.index === index && entry.state === 'done');
}
