import { chmod, chown, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { RewindError } from '../errors.ts';

/** Where the new content is written before it takes the file's place: known beforehand, so that a crash can be cleaned up. */
export function temporaryPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.rewind-tmp`);
}

/** Replaces a whole file in one step, keeping mode and owner; throws RewindError and leaves it as it was. */
export async function replaceFile(path: string, bytes: Buffer): Promise<void> {
  const temporary = temporaryPath(path);
  await writing(path, async () => {
    const old = await stat(path).catch(() => undefined);
    await rm(temporary, { force: true });
    try {
      const handle = await open(temporary, 'wx', old === undefined ? 0o666 : 0o600);
      try {
        await handle.writeFile(bytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
      if (old !== undefined) {
        const now = await stat(temporary);
        if (now.uid !== old.uid || now.gid !== old.gid)
          await chown(temporary, old.uid, old.gid).catch(ownerError(path));
        await chmod(temporary, old.mode & 0o7777);
      }
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw error;
    }
  });
  await syncDirectory(dirname(path));
}

function ownerError(path: string): (cause: unknown) => never {
  return (cause) => {
    throw new RewindError(
      'OWNER_NOT_KEPT',
      `${path} belongs to somebody else, and this user cannot write it without changing its owner; it was not changed`,
      {
        hint: 'Run the command as the owner of the file, or as root',
        cause,
      },
    );
  };
}

/** Without it, a power failure could bring the old name back. Some file systems cannot: that is no reason to fail. */
export async function syncDirectory(directory: string): Promise<void> {
  try {
    const handle = await open(directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    return;
  }
}

/** Runs an action on a file; what the system says against it becomes a RewindError. */
export async function writing(path: string, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    throw error instanceof RewindError ? error : writeProblem(path, error);
  }
}

/** The error for a person behind an error of the file system. */
export function writeProblem(path: string, error: unknown): RewindError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  const fail = (name: string, what: string, hint: string): RewindError =>
    new RewindError(name, `${path} cannot be written: ${what}; it was not changed`, { hint, cause: error });
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return fail(
        'DISK_FULL',
        code === 'ENOSPC' ? 'the disk is full' : 'the disk quota is used up',
        `Free some space: df -h ${dirname(path)}`,
      );
    case 'EROFS':
      return fail(
        'READ_ONLY',
        'the file system is read-only',
        'Work on a copy that can be written, or mount it read-write',
      );
    case 'EACCES':
    case 'EPERM':
      return fail(
        'NOT_PERMITTED',
        'this user may not write it or its directory',
        `Look at its owner and mode: ls -ld ${path} ${dirname(path)}`,
      );
    case 'EBUSY':
      return fail(
        'FILE_BUSY',
        'it is mounted as a single file and cannot be replaced',
        'Mount its directory instead of the file',
      );
    default:
      return fail('FILE_NOT_WRITTEN', code, `ls -ld ${path} ${dirname(path)}`);
  }
}
