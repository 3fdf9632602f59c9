import { recover, recoveryOf, type Recovered } from '../deployments/recover.ts';
import type { Session } from '../deployments/session.ts';
import type { Runner } from '../docker/runner.ts';
import { SILENT } from '../plan/executor.ts';
import { needsEngine } from '../plan/plan.ts';
import type { UnfinishedJournal } from '../plan/journal.ts';
import { recoveredLine, recoveryText } from '../ui/recovery-text.ts';
import { progressFor } from '../ui/progress.ts';
import { confirm } from '../ui/prompts.ts';
import type { Terminal } from '../ui/terminal.ts';

/** What concluding an earlier execution needs of the command. */
export interface ConcludeContext {
  runner: Runner;
  terminal: Terminal;
  signal: () => AbortSignal;
  note: (text: string) => void;
}

/** Concludes one unfinished execution with progress, under the lock of its project on the engine too. */
export async function conclude(
  context: ConcludeContext,
  session: Session,
  unfinished: UnfinishedJournal,
): Promise<Recovered> {
  const { plan } = unfinished;
  if (plan !== undefined && needsEngine(plan)) await session.lockProject(plan.scope.project);
  const progress = plan === undefined ? undefined : await progressFor(context.terminal, plan);
  let recovered: Recovered;
  try {
    const observer = progress ?? SILENT;
    recovered = await recover(context.runner, session.stateDirectory, unfinished, {
      observer,
      signal: context.signal(),
    });
  } finally {
    await progress?.close();
  }
  for (const note of recovered.notes ?? []) context.note(note);
  return recovered;
}

/** The same at the beginning of another command. `ask`: only after a yes; undefined after a no. */
export async function concludeFirst(
  context: ConcludeContext,
  session: Session,
  unfinished: UnfinishedJournal,
  ask: boolean,
): Promise<Recovered | undefined> {
  const planned = recoveryOf(unfinished);
  if (ask) {
    process.stderr.write(`${recoveryText(planned, context.terminal.progressStyle)}\n`);
    if (!(await confirm('Do that first, then go on?'))) return undefined;
  }
  const recovered = await conclude(context, session, unfinished);
  if (recovered.outcome !== 'nothing') context.note(recoveredLine(recovered, false));
  return recovered;
}
