import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RewindError } from '../errors.ts';
import type { FileEdit } from './image-source/types.ts';
import { replaceFile, syncDirectory, temporaryPath, writeProblem, writing } from './replace-file.ts';

export type { FileEdit } from './image-source/types.ts';
export { replaceFile } from './replace-file.ts';

/**
 * Makes the edit in one step: all of it or nothing; mode and owner stay. Applying it twice is as good as once.
 * Throws RewindError when the file was edited by somebody else since, or when it cannot be written; the file is
 * then as it was and nothing is left beside it.
 */
export async function applyFileEdit(edit: FileEdit): Promise<void> {
  const current = await content(edit.path);
  if (current === undefined && edit.create) return replaceFile(edit.path, edited(edit, Buffer.alloc(0)));
  if (current === undefined) throw changedSince(edit.path, 'is gone');
  if (edit.create) {
    if (current.equals(edited(edit, Buffer.alloc(0)))) return;
    throw changedSince(edit.path, 'exists now');
  }
  if (sha256(current) === edit.sha256) {
    const after = edited(edit, current);
    return after.equals(current) ? undefined : replaceFile(edit.path, after);
  }
  if (reverted(edit, current) === undefined)
    throw changedSince(edit.path, 'was edited since the plan was made');
  await rm(temporaryPath(edit.path), { force: true });
}

/** Takes the edit back, to the byte; `unchanged` when there is nothing to take back. */
export async function undoFileEdit(edit: FileEdit): Promise<'undone' | 'unchanged'> {
  const current = await content(edit.path);
  if (edit.create) {
    if (current === undefined) {
      await rm(temporaryPath(edit.path), { force: true });
      return 'unchanged';
    }
    if (!current.equals(edited(edit, Buffer.alloc(0)))) throw changedSince(edit.path, 'was edited since');
    await writing(edit.path, () => rm(edit.path));
    await syncDirectory(dirname(edit.path));
    return 'undone';
  }
  if (current === undefined) throw changedSince(edit.path, 'is gone');
  if (sha256(current) === edit.sha256) {
    await rm(temporaryPath(edit.path), { force: true });
    return 'unchanged';
  }
  const before = reverted(edit, current);
  if (before === undefined) throw changedSince(edit.path, 'was edited since');
  await replaceFile(edit.path, before);
  return 'undone';
}

/** The bytes after the edit. Throws when `before` is not what the edit was made for. */
export function edited(edit: FileEdit, before: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const { offset, removed, inserted } of edit.edits) {
    const gone = Buffer.from(removed, 'utf8');
    if (offset < at || !before.subarray(offset, offset + gone.length).equals(gone)) {
      throw changedSince(edit.path, 'does not hold the text that is to be replaced');
    }
    pieces.push(before.subarray(at, offset), Buffer.from(inserted, 'utf8'));
    at = offset + gone.length;
  }
  return Buffer.concat([...pieces, before.subarray(at)]);
}

/** The bytes before the edit, or undefined when `after` is not what the edit makes. */
function reverted(edit: FileEdit, after: Buffer): Buffer | undefined {
  const pieces: Buffer[] = [];
  let at = 0;
  let shift = 0;
  for (const { offset, removed, inserted } of edit.edits) {
    const there = Buffer.from(inserted, 'utf8');
    const from = offset + shift;
    if (!after.subarray(from, from + there.length).equals(there)) return undefined;
    pieces.push(after.subarray(at, from), Buffer.from(removed, 'utf8'));
    at = from + there.length;
    shift += there.length - Buffer.byteLength(removed, 'utf8');
  }
  const before = Buffer.concat([...pieces, after.subarray(at)]);
  return sha256(before) === edit.sha256 ? before : undefined;
}

/**
 * Throws RewindError (exit 4) when one of the files cannot be written: to be asked before anything else is changed.
 * A dry run does not ask.
 */
export async function refuseUnwritable(edits: readonly FileEdit[]): Promise<void> {
  for (const edit of edits) {
    try {
      if (!edit.create) await access(edit.path, constants.W_OK);
      await access(dirname(edit.path), constants.W_OK);
    } catch (error) {
      const problem = writeProblem(edit.path, error);
      throw new RewindError(problem.code, problem.message, {
        exit: 'refused',
        hint: problem.hint ?? '',
        cause: error,
      });
    }
  }
}

async function content(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return undefined;
    throw new RewindError('FILE_NOT_READABLE', `${path} cannot be read (${code}); it was not changed`, {
      hint: `Look at its owner and mode: ls -l ${path}`,
      cause: error,
    });
  }
}

function changedSince(path: string, what: string): RewindError {
  return new RewindError('FILE_CHANGED', `${path} ${what}; it was left as it is`, {
    hint: 'Look at the file, then run the command again',
  });
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
