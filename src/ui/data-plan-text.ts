import { describeStep, type Plan } from '../plan/plan.ts';
import { plain } from './plain.ts';
import type { Style } from './terminal.ts';

/** A plan about data for people: a title, what to know beforehand, and the steps. */
export function dataPlanText(plan: Plan, lines: readonly string[], style: Style): string {
  const numbered = [...plan.steps, ...(plan.finish ?? [])];
  return [
    style.bold(plain(`${plan.command} of ${plan.scope.project} (${plan.scope.environment})`)),
    ...lines.map((line) => `  ${plain(line)}`),
    'steps:',
    ...numbered.map((step, index) => `  ${index + 1}. ${plain(describeStep(step))}`),
    'if one fails:',
    ...plan.undo.map((step) => `  - ${plain(describeStep(step))}`),
  ].join('\n');
}

/** The same for scripts. */
export function dataPlanDocument(plan: Plan, lines: readonly string[]): object {
  return {
    dryRun: true,
    command: plan.command,
    notes: lines,
    steps: plan.steps,
    finish: plan.finish ?? [],
    undo: plan.undo,
  };
}
