import { link, readFile, unlink, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RewindError } from '../errors.ts';
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity.ts';

/** What the lock file says of its holder. */
export interface LockHolder extends ProcessIdentity {
  command: string;
  user: string;
  /** ISO 8601 */
  since: string;
}

export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes the lock of a project directory (`.rewind/lock`). One lock covers every environment of the directory because
 * they share its Compose files. Throws LOCKED (exit 11) that names a live holder; a dead holder's lock is taken over.
 */
export async function acquireLock(stateDirectory: string, command: string): Promise<Lock> {
  const path = join(stateDirectory, 'lock');
  const holder: LockHolder = { ...ownIdentity(), command, user: userName(), since: new Date().toISOString() };
  const lock = await take(path, holder);
  if ('release' in lock) return lock;
  throw locked(path, lock.holder);
}

/** The lock, or who holds it. */
async function take(path: string, holder: LockHolder): Promise<Lock | { holder: LockHolder | undefined }> {
  const unique = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const text = `${JSON.stringify(holder)}\n`;
  try {
    // A link appears whole or not at all, and fails where the name exists: no half-written lock is ever seen.
    await writeFile(unique, text, { mode: 0o600, flag: 'wx' });
    for (;;) {
      if (await linked(unique, path)) return { release: () => release(path, text) };
      const present = await readFile(path, 'utf8').catch(() => undefined);
      if (present === undefined) continue;
      const other = parseHolder(present);
      if (other === undefined || isAlive(other)) return { holder: other };
      await removeStale(path, present, holder);
    }
  } finally {
    await unlink(unique).catch(() => {});
  }
}

/** Who holds the lock now; undefined when nobody does or only a dead process. */
export async function lockHolder(
  stateDirectory: string,
): Promise<{ holder: LockHolder; alive: boolean } | undefined> {
  const text = await readFile(join(stateDirectory, 'lock'), 'utf8').catch(() => undefined);
  const holder = text === undefined ? undefined : parseHolder(text);
  return holder === undefined ? undefined : { holder, alive: isAlive(holder) };
}

async function linked(unique: string, path: string): Promise<boolean> {
  try {
    await link(unique, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Of several that find the lock stale one at a time removes it, and only while it is still the same: whoever looked
 * earlier must not remove the lock of somebody who took it in between.
 */
async function removeStale(path: string, stale: string, holder: LockHolder): Promise<void> {
  const guard = await take(`${path}.takeover`, holder);
  if (!('release' in guard)) return sleep(5);
  try {
    if ((await readFile(path, 'utf8').catch(() => undefined)) === stale) await unlink(path);
  } finally {
    await guard.release();
  }
}

async function release(path: string, text: string): Promise<void> {
  const present = await readFile(path, 'utf8').catch(() => undefined);
  if (present === text) await unlink(path);
}

function parseHolder(text: string): LockHolder | undefined {
  try {
    return JSON.parse(text) as LockHolder;
  } catch {
    return undefined;
  }
}

function locked(path: string, holder: LockHolder | undefined): RewindError {
  if (holder === undefined) {
    return new RewindError('LOCKED', `${path} is held, by whom cannot be read`, {
      exit: 'locked',
      hint: `When no docker rewind runs here: rm ${path}`,
    });
  }
  return new RewindError(
    'LOCKED',
    `"docker rewind ${holder.command}" of ${holder.user} is at work here (pid ${holder.pid} on ${holder.host}, since ${holder.since})`,
    { exit: 'locked', hint: 'Wait until it is done, then try again' },
  );
}

/** The person: under sudo the one who typed it. */
export function userName(): string {
  const sudo = process.env['SUDO_USER'];
  if (sudo !== undefined && sudo !== '') return sudo;
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
