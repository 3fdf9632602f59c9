import type { ResolvedModel } from '../../compose/project.ts';
import { build, type BuildImages } from './build.ts';
import type { StepContext } from './context.ts';
import {
  editFile,
  keepCopy,
  proveModel,
  replaceWholeFile,
  uneditFile,
  unreplaceFile,
  type EditFile,
  type KeepCopy,
  type ProveModel,
  type ReplaceFile,
  type UneditFile,
  type UnreplaceFile,
} from './files.ts';
import {
  pull,
  push,
  restoreTag,
  tag,
  type PullImage,
  type PushImage,
  type RestoreTag,
  type TagImage,
} from './images.ts';
import { restoreServices, type RestoreServices } from './restore-services.ts';
import { stopContainers, type StopContainers } from './stop-containers.ts';
import { up, type ComposeUp } from './up.ts';
import { verifyImages, type Findings, type VerifyImages } from './verify-images.ts';

/** Every kind of step there is: plain data, JSON both ways. */
export type Step =
  | BuildImages
  | PullImage
  | TagImage
  | PushImage
  | EditFile
  | ProveModel
  | ReplaceFile
  | StopContainers
  | KeepCopy
  | ComposeUp
  | VerifyImages
  | RestoreTag
  | UneditFile
  | UnreplaceFile
  | RestoreServices;

/** The kinds that change something that has to be put back when a later step fails. */
const CHANGING: ReadonlySet<Step['kind']> = new Set([
  'build-images',
  'pull-image',
  'tag-image',
  'edit-file',
  'replace-file',
  'stop-containers',
  'compose-up',
]);

/** A new image alone changes nothing that runs: only these make an attempt worth recording. */
const VISIBLE: ReadonlySet<Step['kind']> = new Set([
  'edit-file',
  'replace-file',
  'stop-containers',
  'compose-up',
]);

export const isChange = (step: Step): boolean => CHANGING.has(step.kind);
export const isVisibleChange = (step: Step): boolean => VISIBLE.has(step.kind);

export type RunContext = StepContext & {
  before?: ResolvedModel;
  /** What steps found out on the way; the conclusion need not ask again. */
  findings: Findings;
};

/** Runs one step. Nothing is decided here: a step does what it says or throws. */
export async function runStep(step: Step, context: RunContext): Promise<void> {
  switch (step.kind) {
    case 'build-images':
      return build(step, context);
    case 'pull-image':
      return pull(step, context);
    case 'tag-image':
      return tag(step, context);
    case 'push-image':
      return push(step, context);
    case 'edit-file':
      return editFile(step);
    case 'prove-model':
      return proveModel(step, context);
    case 'replace-file':
      return replaceWholeFile(step, context);
    case 'keep-copy':
      return keepCopy(step);
    case 'stop-containers':
      return stopContainers(step, context);
    case 'compose-up':
      return up(step, context);
    case 'verify-images':
      Object.assign(context.findings, await verifyImages(step, context));
      return;
    case 'restore-tag':
      return restoreTag(step, context);
    case 'unedit-file':
      return uneditFile(step);
    case 'unreplace-file':
      return unreplaceFile(step, context);
    case 'restore-services':
      return restoreServices(step, context);
  }
}
