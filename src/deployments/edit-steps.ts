import { relative } from 'node:path';
import type { ImageChange, ImageEditPlan } from '../compose/image-source/types.ts';
import type { Step } from '../plan/steps/index.ts';

/** Edit the sources and prove the edit; and the way back. Empty where there is nothing to edit. */
export function editSteps(
  edits: ImageEditPlan,
  directory: string,
  options: { changes: readonly ImageChange[]; reason: string },
): { steps: Step[]; undo: Step[] } {
  if (edits.files.length === 0) return { steps: [], undo: [] };
  const name = (path: string): string => relative(directory, path) || path;
  return {
    steps: [
      ...edits.files.map((edit): Step => ({
        kind: 'edit-file',
        resource: name(edit.path),
        reason: options.reason,
        edit,
      })),
      {
        kind: 'prove-model',
        resource: 'Compose model',
        reason: 'an edit may change nothing else',
        changes: options.changes,
        edits,
      },
    ],
    undo: edits.files.toReversed().map((edit): Step => ({
      kind: 'unedit-file',
      resource: name(edit.path),
      reason: 'as it was before',
      edit,
    })),
  };
}
