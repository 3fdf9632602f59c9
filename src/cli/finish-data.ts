import { RewindError } from '../errors.ts';
import type { Runner } from '../docker/runner.ts';
import type { Plan } from '../plan/plan.ts';
import { carryOutPlan } from '../restore-points/carry-out.ts';
import { dataPlanText } from '../ui/data-plan-text.ts';
import { progressFor } from '../ui/progress.ts';
import { confirm } from '../ui/prompts.ts';
import type { Terminal } from '../ui/terminal.ts';

/** What the end of backup and restore needs of the command. */
export interface DataContext {
  runner: Runner;
  terminal: Terminal;
  signal: () => AbortSignal;
  note: (text: string) => void;
}

/** Carries a plan about data out, with progress. Says, and returns, what people should know of it. */
export async function finishData(context: DataContext, plan: Plan): Promise<string[]> {
  const progress = await progressFor(context.terminal, plan);
  let notes: string[];
  try {
    notes = await carryOutPlan(context.runner, plan, { observer: progress, signal: context.signal() });
  } finally {
    await progress.close();
  }
  for (const note of notes) context.note(note);
  return notes;
}

/** Asks on a terminal, with the plan; throws NEEDS_YES (exit 2) where there is none. */
export async function consentToData(
  terminal: Terminal,
  plan: Plan,
  lines: readonly string[],
  question: string,
): Promise<void> {
  if (!terminal.interactive) {
    throw new RewindError(
      'NEEDS_YES',
      'this asks before it replaces data, and there is no terminal to ask on',
      {
        exit: 'usage',
        hint: 'Look at the plan with --dry-run, then give --yes',
      },
    );
  }
  process.stderr.write(`${dataPlanText(plan, lines, terminal.progressStyle)}\n`);
  if (!(await confirm(question)))
    throw new RewindError('DECLINED', 'declined. Nothing was changed', { exit: 'refused' });
}
