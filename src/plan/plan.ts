import type { JournalProgress } from './journal.ts';
import type { Scope } from './steps/context.ts';
import { describeDataStep } from './describe-data-step.ts';
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
  /**
   * The index of the step from which on there is only forward: once it was begun, somebody may have been told that
   * something is done which the way back would lose. From there an interruption and a crash are answered by going on;
   * the way back is taken only where a step fails. These steps can run again from their beginning.
   */
  onward?: number;
  /** From `onward` on there is no way back at all: a step that fails leaves it to recover, which tries again. */
  noWayBack?: true;
  /** Clears away what is not needed once all steps are done; harmless to repeat, never taken back. */
  finish?: Step[];
  /** What the command that made the plan needs to conclude it after a crash (a deployment's record). */
  subject?: unknown;
}

/** Whether anything of it concerns the engine; without that it can be concluded where there is none. */
export function needsEngine({ steps, undo, finish = [] }: Plan): boolean {
  return [...steps, ...undo, ...finish].some(({ kind }) => !FILES_ALONE.has(kind));
}

const FILES_ALONE: ReadonlySet<Step['kind']> = new Set(['edit-file', 'prove-model', 'unedit-file']);

/**
 * The steps of the way back that have nothing to bring back: files that the plan never got to, or whose edit was
 * refused (whatever is in them now was written by somebody else), databases when none was loaded, and services when no
 * container was replaced: Compose would make those anew whose file somebody had edited.
 */
export function untouchedSteps(plan: Plan, entries: JournalProgress): ReadonlySet<Step> {
  const begun = plan.steps.filter((_, index) =>
    entries.some((entry) => entry.phase === 'step' && entry.index === index),
  );
  const leavesServicesAlone = begun.every((step) => LEAVES_SERVICES_ALONE.has(step.kind));
  const written = new Set(
    plan.steps.flatMap((step, index) => {
      const last = entries.findLast((entry) => entry.phase === 'step' && entry.index === index)?.state;
      return last === undefined || last === 'failed' ? [] : [pathOf(step)];
    }),
  );
  const nothingLoaded = !begun.some(({ kind }) => kind === 'load-databases');
  return new Set(
    plan.undo.filter((step) => {
      const path = pathOf(step);
      if (path !== undefined) return !written.has(path);
      if (step.kind === 'unswap-databases') return nothingLoaded;
      return step.kind === 'restore-services' && leavesServicesAlone;
    }),
  );
}

const LEAVES_SERVICES_ALONE: ReadonlySet<Step['kind']> = new Set([
  'build-images',
  'pull-image',
  'push-image',
  'tag-image',
  'edit-file',
  'replace-file',
  'prove-model',
  // What a restore point stops the way back has run again by other steps.
  'prepare-helper',
  'archive-volumes',
  'dump-databases',
  'stop-writers',
  'pause-containers',
  'resume-containers',
  'seal-point',
  'remove-helper',
]);

function pathOf(step: Step): string | undefined {
  switch (step.kind) {
    case 'edit-file':
    case 'unedit-file':
      return step.edit.path;
    case 'replace-file':
    case 'unreplace-file':
      return step.path;
    default:
      return undefined;
  }
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
    case 'keep-copy':
      return `keep a copy of ${step.resource} as ${step.copy}`;
    case 'stop-containers':
      return `stop ${step.resource}`;
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
    default:
      return describeDataStep(step);
  }
}

function short(source: string): string {
  return source.startsWith('sha256:') ? source.slice(0, 19) : source;
}
