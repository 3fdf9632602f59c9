import { copyFile, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { applyFileEdit, replaceFile, undoFileEdit } from '../../compose/file-edit.ts';
import { proveImageEdits } from '../../compose/image-source/proof.ts';
import type { FileEdit, ImageChange, ImageEditPlan } from '../../compose/image-source/types.ts';
import { resolveModel, type ResolvedModel } from '../../compose/project.ts';
import { RewindError } from '../../errors.ts';
import { makePrivateDirectory } from '../durable.ts';
import type { StepBase, StepContext } from './context.ts';

/** Change a few bytes of one file. */
export interface EditFile extends StepBase {
  kind: 'edit-file';
  edit: FileEdit;
}

/** Take the bytes of an EditFile back. */
export interface UneditFile extends StepBase {
  kind: 'unedit-file';
  edit: FileEdit;
}

/** Prove that the files now resolve to the same model with the intended images, and nothing else changed. */
export interface ProveModel extends StepBase {
  kind: 'prove-model';
  changes: readonly ImageChange[];
  edits: ImageEditPlan;
}

/** Replace a whole file by `source`; the present bytes are kept as `backup` in the work directory. */
export interface ReplaceFile extends StepBase {
  kind: 'replace-file';
  path: string;
  source: string;
  backup: string;
}

/** Keep what is in a file, for the person who wrote it; the copy stays when the execution is over. */
export interface KeepCopy extends StepBase {
  kind: 'keep-copy';
  path: string;
  copy: string;
}

/** Put the bytes that ReplaceFile kept back. */
export interface UnreplaceFile extends StepBase {
  kind: 'unreplace-file';
  path: string;
  backup: string;
}

export async function editFile(step: EditFile): Promise<void> {
  await applyFileEdit(step.edit);
}

export async function uneditFile(step: UneditFile): Promise<void> {
  await undoFileEdit(step.edit);
}

/** The model before the first edit is not in the plan (it holds secrets), so the executor's context carries it. */
export async function proveModel(
  step: ProveModel,
  context: StepContext & { before?: ResolvedModel },
): Promise<void> {
  if (context.before === undefined)
    throw new RewindError('PROOF_FAILED', 'there is no model to compare the edited files with');
  const after = await resolveModel(context.runner, step.edits.options, context.scope.cwd);
  proveImageEdits(context.before, after, step.changes, step.edits);
}

export async function replaceWholeFile(step: ReplaceFile, context: StepContext): Promise<void> {
  const { backup, made } = keptBeside(step, context);
  if (await exists(step.path)) await copyFile(step.path, backup);
  else await copyFile(step.source, made);
  await replaceFile(step.path, await readFile(step.source));
}

export async function keepCopy(step: KeepCopy): Promise<void> {
  await makePrivateDirectory(dirname(step.copy));
  await writeFile(step.copy, await readFile(step.path), { mode: 0o600 });
}

export async function unreplaceFile(step: UnreplaceFile, context: StepContext): Promise<void> {
  const { backup, made } = keptBeside(step, context);
  const now = await readFile(step.path).catch(() => undefined);
  if (await exists(backup)) {
    const before = await readFile(backup);
    if (now === undefined || !before.equals(now)) await replaceFile(step.path, before);
  } else if (now !== undefined && (await exists(made)) && now.equals(await readFile(made))) {
    // It was not there before, and is just as it was made.
    await rm(step.path);
  }
}

/** Where the file as it was is kept; or, where there was none, a copy of what was put there. */
function keptBeside(step: { backup: string }, context: StepContext): { backup: string; made: string } {
  const backup = join(context.workDirectory, step.backup);
  return { backup, made: `${backup}.made` };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
