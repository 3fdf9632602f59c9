import { refuseUnwritable } from '../compose/file-edit.ts';
import type { PreparedImages } from '../compose/image-source/set-image.ts';
import { rewindConfig } from '../compose/rewind-config.ts';
import type { Runner } from '../docker/runner.ts';
import { SILENT } from '../plan/executor.ts';
import { carryOutPlan } from '../restore-points/carry-out.ts';
import { editSteps } from './edit-steps.ts';
import { scopeOf } from './observation.ts';

/**
 * Makes the edit and proves it: the resolved model may differ in what the plan says only. Otherwise, on any failure
 * and when `signal` is aborted, every byte is put back before the error is thrown; after a crash recover does that.
 */
export async function writeImages(
  { project, changes, plan }: PreparedImages,
  runner: Runner,
  signal: AbortSignal,
): Promise<void> {
  const reason = changes.map(({ service, image }) => `${service}=${image}`).join(' ');
  const { steps, undo } = editSteps(plan, project.directory, { changes, reason });
  if (steps.length === 0) return;
  await refuseUnwritable(plan.files);
  const scope = scopeOf(project, await rewindConfig(project.model));
  await carryOutPlan(
    runner,
    { command: 'set-image', scope, steps, undo },
    { observer: SILENT, signal, before: project.model },
  );
}
