import { carryOut } from '../deployments/carry-out.ts';
import type { Deployment } from '../deployments/deployment.ts';
import type { Prepared } from '../deployments/prepared.ts';
import type { Runner } from '../docker/runner.ts';
import { plain } from '../ui/plain.ts';
import { deploymentLine } from '../ui/deployment-text.ts';
import { planDocument, planText } from '../ui/plan-text.ts';
import { progressFor } from '../ui/progress.ts';
import type { Terminal } from '../ui/terminal.ts';
import { requireConsent } from './consent.ts';

/** What the end of deploy and rollback needs of the command. */
export interface DeploymentContext {
  runner: Runner;
  terminal: Terminal;
  /** Taken only when the plan is carried out: until then a Ctrl-C ends the command at once. */
  signal: () => AbortSignal;
  log: (text: string) => void;
  note: (text: string) => void;
  dryRun: boolean;
  yes: boolean;
}

/** Prints the plan (--dry-run), or gets a yes for it, carries it out with progress and prints the record. */
export async function finishDeployment(
  context: DeploymentContext,
  prepared: Prepared,
  options: { always: boolean },
): Promise<object> {
  const { terminal, runner } = context;
  if (context.dryRun) {
    context.log(planText(prepared, terminal.style));
    return planDocument(prepared);
  }
  const shown = await requireConsent(prepared, terminal, { yes: context.yes, always: options.always });
  if (!shown) sayNotes(context, prepared);
  const progress = await progressFor(terminal, prepared.plan);
  let record: Deployment;
  try {
    record = await carryOut(runner, prepared, { observer: progress, signal: context.signal() });
  } finally {
    await progress.close();
  }
  context.log(deploymentLine(record, terminal.style));
  return record;
}

/** What a plan that nobody looks at beforehand should still say. */
function sayNotes(context: DeploymentContext, prepared: Prepared): void {
  for (const [service, entries] of prepared.drift) {
    for (const entry of entries) context.note(`drift: ${service} ${plain(entry.message)}`);
  }
  for (const note of prepared.notes) context.note(`note: ${plain(note)}`);
}
