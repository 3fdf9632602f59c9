import { existsSync } from 'node:fs';
import { readdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RewindError } from '../errors.ts';
import { makePrivateDirectory, syncDirectory } from './durable.ts';
import { giveToOwner, whose } from './ownership.ts';

/** Where a project's state lives: `.rewind` in the project directory. */
export function stateDirectoryOf(directory: string): string {
  return join(directory, '.rewind');
}

// The history is meant to be committed; points, journals, kept files and the lock are of this host.
const GITIGNORE = '*\n!.gitignore\n!history.jsonl\n';

/** Makes `.rewind` (0700) with its `.gitignore`; harmless when it is there. Throws for a full or read-only disk. */
export async function openStateDirectory(directory: string): Promise<string> {
  const state = stateDirectoryOf(directory);
  try {
    const isNew = !existsSync(state);
    await makePrivateDirectory(state);
    // A journal is of no use in a directory that a power cut takes away.
    if (isNew) await syncDirectory(directory);
    const ignore = join(state, '.gitignore');
    if (!existsSync(ignore)) await writeFile(ignore, GITIGNORE, { mode: 0o600 });
    // The owner of the project is to see who is at work while root is.
    if (isNew) await giveToOwner(state);
    return state;
  } catch (error) {
    throw diskError(error, state);
  }
}

/** Removes a state directory that holds nothing but what openStateDirectory put there. */
export async function dropUnusedStateDirectory(state: string): Promise<void> {
  try {
    await rmdir(join(state, 'journal')).catch(() => {});
    const names = await readdir(state);
    if (names.some((name) => name !== '.gitignore')) return;
    await rm(join(state, '.gitignore'));
    await rmdir(state);
  } catch {
    // Somebody else has begun to use it, or it cannot be removed: it does no harm.
    if (existsSync(state))
      await writeFile(join(state, '.gitignore'), GITIGNORE, { mode: 0o600 }).catch(() => {});
  }
}

const REASONS: Readonly<Record<string, readonly [string, string]>> = {
  ENOSPC: ['the disk is full', 'Free some space (docker system df, df -h), then try again'],
  EDQUOT: ['the disk quota is used up', 'Free some space, then try again'],
  EROFS: [
    'the file system is read-only',
    'Remount it read-write, or run on a host where the project can be written',
  ],
  EACCES: ['permission denied', ''],
  EPERM: ['operation not permitted', ''],
};

/** The error of a file operation for people: which file, why, and that nothing was changed. */
export function diskError(error: unknown, path: string): Error {
  const reason = REASONS[(error as NodeJS.ErrnoException).code ?? ''];
  if (error instanceof RewindError || reason === undefined) return error as Error;
  return new RewindError('CANNOT_WRITE', `${path} cannot be written: ${reason[0]}`, {
    hint: reason[1] || (whose(path) ?? 'Run as the owner of the project directory'),
    cause: error,
  });
}
