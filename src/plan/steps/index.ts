import type { ResolvedModel } from '../../compose/project.ts';
import { build, type BuildImages } from './build.ts';
import { archiveVolumes, type ArchiveVolumes } from './archive-volumes.ts';
import { awaitHealth, type AwaitHealth } from './await-health.ts';
import type { Findings, StepContext } from './context.ts';
import { dumpDatabases, type DumpDatabases } from './dump-databases.ts';
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
import { prepareHelper, removeHelperContainer, type PrepareHelper, type RemoveHelper } from './helper.ts';
import { placeFiles, type PlaceFiles } from './place-files.ts';
import { discardPoint, sealPoint, type DiscardPoint, type SealPoint } from './points.ts';
import {
  dropOldDatabases, loadDatabases, swapDatabases, unswapDatabases,
  type DropOldDatabases, type LoadDatabases, type SwapDatabases, type UnswapDatabases,
} from './restore-databases.ts'; // prettier-ignore
import { restoreServices, type RestoreServices } from './restore-services.ts';
import { stopContainers, type StopContainers } from './stop-containers.ts';
import {
  dropOld, extractVolumes, swapVolumes, unswapVolumes,
  type DropOld, type ExtractVolumes, type SwapVolumes, type UnswapVolumes,
} from './restore-volumes.ts'; // prettier-ignore
import {
  pauseContainers, resumeContainers, stopWriters,
  type PauseContainers, type ResumeContainers, type StopWriters,
} from './still-services.ts'; // prettier-ignore
import { up, type ComposeUp } from './up.ts';
import { verifyArtifacts, type VerifyArtifacts } from './verify-artifacts.ts';
import { verifyImages, type VerifyImages } from './verify-images.ts';
import { createVolume, removeVolume, type CreateVolume, type RemoveVolume } from './volumes.ts';

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
  | RestoreServices
  | PrepareHelper
  | RemoveHelper
  | StopWriters
  | PauseContainers
  | ResumeContainers
  | ArchiveVolumes
  | SealPoint
  | DiscardPoint
  | ExtractVolumes
  | SwapVolumes
  | UnswapVolumes
  | DropOld
  | PlaceFiles
  | VerifyArtifacts
  | CreateVolume
  | RemoveVolume
  | DumpDatabases
  | LoadDatabases
  | SwapDatabases
  | UnswapDatabases
  | DropOldDatabases
  | AwaitHealth;

/** The kinds that change something that has to be put back when a later step fails. */
const CHANGING: ReadonlySet<Step['kind']> = new Set([
  'build-images',
  'pull-image',
  'tag-image',
  'edit-file',
  'replace-file',
  'stop-containers',
  'compose-up',
  'prepare-helper',
  'archive-volumes',
  'stop-writers',
  'pause-containers',
  'extract-volumes',
  'swap-volumes',
  'place-files',
  'create-volume',
  'dump-databases',
  'load-databases',
  'swap-databases',
]);

/** A new image alone changes nothing that runs: only these make an attempt worth recording. */
const VISIBLE: ReadonlySet<Step['kind']> = new Set([
  'edit-file',
  'replace-file',
  'stop-containers',
  'compose-up',
  'stop-writers',
  'pause-containers',
  'swap-volumes',
  'place-files',
  'swap-databases',
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
    case 'prepare-helper':
      return prepareHelper(step, context);
    case 'remove-helper':
      return removeHelperContainer(step, context);
    case 'stop-writers':
      return stopWriters(step, context);
    case 'pause-containers':
      return pauseContainers(step, context);
    case 'resume-containers':
      return resumeContainers(step, context);
    case 'archive-volumes':
      return archiveVolumes(step, context);
    case 'seal-point':
      return sealPoint(step, context);
    case 'discard-point':
      return discardPoint(step, context);
    case 'extract-volumes':
      return extractVolumes(step, context);
    case 'swap-volumes':
      return swapVolumes(step, context);
    case 'unswap-volumes':
      return unswapVolumes(step, context);
    case 'drop-old':
      return dropOld(step, context);
    case 'verify-artifacts':
      return verifyArtifacts(step, context);
    case 'place-files':
      return placeFiles(step, context);
    case 'create-volume':
      return createVolume(step, context);
    case 'remove-volume':
      return removeVolume(step, context);
    case 'dump-databases':
      return dumpDatabases(step, context);
    case 'load-databases':
      return loadDatabases(step, context);
    case 'swap-databases':
      return swapDatabases(step, context);
    case 'unswap-databases':
      return unswapDatabases(step, context);
    case 'drop-old-databases':
      return dropOldDatabases(step, context);
    case 'await-health':
      return awaitHealth(step, context);
  }
}
