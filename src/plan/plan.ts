import type { Scope } from './steps/context.ts';
import type { Step } from './steps/index.ts';

/**
 * What a command will do, as plain data: printed by --dry-run, shown by the prompt, walked by the progress display
 * and written to the journal before the first step runs.
 */
export interface Plan {
  command: string;
  scope: Scope;
  steps: Step[];
  /**
   * The way back, in order. Each of these brings one thing to the state observed before, whatever was done to it:
   * so they can run after any step, and again after a crash.
   */
  undo: Step[];
  /** What the command that made the plan needs to conclude it after a crash (a deployment's record). */
  subject?: unknown;
}

/** One line for a step, for people: what is done to what. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case 'build-images':
      return `build ${Object.values(step.images).join(', ')}`;
    case 'pull-image':
      return `pull ${step.image}`;
    case 'tag-image':
      return `tag ${short(step.source)} as ${step.target}`;
    case 'push-image':
      return `push ${step.image}`;
    case 'edit-file':
      return `edit ${step.resource} (${step.reason})`;
    case 'prove-model':
      return 'prove that only the intended images changed';
    case 'replace-file':
      return `put ${step.resource} back as it was`;
    case 'compose-up':
      return `docker compose up -d --wait ${step.services.join(' ')}`;
    case 'verify-images':
      return `check that every container of ${Object.keys(step.services).join(', ')} runs its image`;
    case 'restore-tag':
      return step.imageId === null
        ? `remove the tag ${step.image}`
        : `tag ${short(step.imageId)} as ${step.image} again`;
    case 'unedit-file':
    case 'unreplace-file':
      return `put ${step.resource} back`;
    case 'restore-services':
      return `bring ${Object.keys(step.services).join(', ')} back as observed`;
  }
}

function short(source: string): string {
  return source.startsWith('sha256:') ? source.slice(0, 19) : source;
}
