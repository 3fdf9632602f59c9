import type { Plan } from '../plan/plan.ts';
import { openStore } from '../stores/open.ts';

/**
 * What a plan that was taken back made all the same: a restore point whose manifest is written exists, and stays. As the
 * end of a sentence; empty where there is none.
 */
export async function completePoints(plan: Plan): Promise<string> {
  const complete: string[] = [];
  for (const step of plan.steps) {
    if (step.kind !== 'seal-point') continue;
    const store = openStore(step.store, plan.scope.directory);
    const manifest = await store.manifest(step.point).catch(() => undefined);
    if (manifest !== undefined) complete.push(step.point);
  }
  return complete.length === 0 ? '' : `, but the restore point ${complete.join(', ')} is complete and stays`;
}
