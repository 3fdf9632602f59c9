import type { Prepared } from '../deployments/prepared.ts';
import { describeStep } from '../plan/plan.ts';
import { plain } from './plain.ts';
import type { Style } from './terminal.ts';

/** A plan for people: what changes, what is odd beforehand, and the steps. */
export function planText(prepared: Prepared, style: Style): string {
  const { draft, plan } = prepared;
  const { base } = draft;
  const title = `${base.kind === 'rollback' ? `rollback to ${base.target ?? ''}` : 'deploy'} as ${base.id} of ${base.project} (${base.environment})`;
  const lines = [style.bold(plain(title))];
  for (const [service, image] of Object.entries(draft.wanted)) {
    const before = draft.before[service];
    lines.push(
      `  ${plain(service)}: ${before === undefined ? 'nothing' : plain(before)} → ${style.green(plain(image))}`,
    );
  }
  if (prepared.drift.size > 0) {
    lines.push(style.yellow('drift (not as the last deployment left it):'));
    for (const [service, entries] of prepared.drift) {
      lines.push(...entries.map((entry) => `  ${plain(service)}: ${plain(entry.message)}`));
    }
  }
  if (prepared.effects.length > 0) {
    lines.push(style.yellow('changes besides the intended images:'));
    lines.push(
      ...prepared.effects.map(
        (effect) => `  ${plain(effect.path)}: ${plain(effect.before)} → ${plain(effect.after)}`,
      ),
    );
  }
  lines.push(...prepared.notes.map((note) => `${style.cyan('note')} ${plain(note)}`));
  lines.push('steps:', ...plan.steps.map((step, index) => `  ${index + 1}. ${plain(describeStep(step))}`));
  lines.push('if one fails:', ...plan.undo.map((step) => `  - ${plain(describeStep(step))}`));
  return lines.join('\n');
}

/** The plan as a JSON document. */
export function planDocument(prepared: Prepared): object {
  const { plan, draft } = prepared;
  return {
    dryRun: true,
    id: draft.base.id,
    kind: draft.base.kind,
    target: draft.base.target,
    environment: draft.base.environment,
    project: draft.base.project,
    images: draft.wanted,
    previousImages: draft.before,
    drift: Object.fromEntries(prepared.drift),
    effects: prepared.effects,
    notes: prepared.notes,
    steps: plan.steps,
    undo: plan.undo,
  };
}
