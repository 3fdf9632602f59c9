import { planImageEdits } from '../compose/image-source/plan.ts';
import type { ImageChange, ImageEditOptions, ImageEditPlan } from '../compose/image-source/types.ts';
import { imageOf } from '../compose/project.ts';
import type { Runner } from '../docker/runner.ts';
import type { Step } from '../plan/steps/index.ts';
import type { RestoreTag } from '../plan/steps/images.ts';
import { concernedServices } from './concerned.ts';
import { editSteps } from './edit-steps.ts';
import type { Observation } from './observation.ts';
import { backWithTags, serviceSteps, type Change } from './service-steps.ts';

export interface ChangePlan {
  steps: Step[];
  undo: Step[];
  edits: ImageEditPlan;
  concerned: string[];
}

/**
 * The part that deploy and rollback share: edit the sources, prove the edit, up, verify; and the way back from there.
 * `images` are the steps that bring the images here and the tags that those may move.
 */
export async function planChanges(
  runner: Runner,
  observation: Observation,
  changes: readonly Change[],
  options: { edit: ImageEditOptions; images: Step[]; tags: RestoreTag[]; reason: string },
): Promise<ChangePlan> {
  const { project, scope, containers } = observation;
  const wanted = changes.map(({ service, image }): ImageChange => ({ service, image }));
  const edited = wanted.filter(({ service, image }) => imageOf(project, service) !== image);
  // Those that are right already are named, too: an edit must not move them.
  const named = wanted.filter(
    (change) => edited.includes(change) || project.model.services[change.service]?.image === change.image,
  );
  const edits = await planImageEdits(project, named, options.edit, runner);
  const moved = edits.effects.flatMap((effect) =>
    effect.kind === 'image' && effect.service !== undefined ? [effect.service] : [],
  );
  const targets = [...new Set([...changes.map((change) => change.service), ...moved])];
  const concerned = concernedServices(project.model, containers, targets);
  const { forward, back } = serviceSteps(observation, {
    changes,
    services: concerned,
    options: edits.options,
    reason: options.reason,
  });
  const moves = edited
    .map(({ service, image }) => `${service}: ${imageOf(project, service)} → ${image}`)
    .join(', ');
  const edit = editSteps(edits, scope.directory, { changes: wanted, reason: moves });
  const steps: Step[] = [...options.images, ...edit.steps, ...forward];
  const undo: Step[] = [...edit.undo, ...backWithTags(back, options.tags)];
  return { steps, undo, edits, concerned };
}
