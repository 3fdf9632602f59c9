import { link, readFile, unlink, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { locked, ownHolder, parseHolder, type Lock, type LockHolder } from './lock-holder.ts';
import { monotonicMs } from './monotonic.ts';
import { isAlive } from './process-identity.ts';
import { giveToOwner } from './ownership.ts';

export { userName, type Lock, type LockHolder } from './lock-holder.ts';

/** How long a command waits for a lock that somebody holds. */
export interface LockWait {
  /** In milliseconds of the monotonic clock; passed already: not at all. */
  until: number;
  /** Told once, when the waiting begins. */
  onWait?: (holder: LockHolder | undefined) => void;
}

const NO_WAIT: LockWait = { until: 0 };
const POLL_MS = 100;

/**
 * Takes the lock of a project directory (`.rewind/lock`). One lock covers every environment of the directory because
 * they share its Compose files. Throws LOCKED (exit 11) that names a live holder; a dead holder's lock is taken over.
 */
export async function acquireLock(
  stateDirectory: string,
  command: string,
  wait: LockWait = NO_WAIT,
): Promise<Lock> {
  const path = join(stateDirectory, 'lock');
  const holder = ownHolder(command, dirname(stateDirectory));
  return waiting(
    () => take(path, holder),
    wait,
    ({ holder: other }) => locked(other, path, `rm ${path}`),
  );
}

/** Tries until it has the lock or the time is over; `refuse` makes the error then. */
export async function waiting<T extends { holder: LockHolder | undefined }>(
  attempt: () => Promise<Lock | T>,
  wait: LockWait,
  refuse: (other: T) => Error,
): Promise<Lock> {
  for (let told = false; ; told = true) {
    const lock = await attempt();
    if ('release' in lock) return lock;
    if (monotonicMs() >= wait.until) throw refuse(lock);
    if (!told) wait.onWait?.(lock.holder);
    await sleep(POLL_MS);
  }
}

/** The lock, or who holds it. */
async function take(path: string, holder: LockHolder): Promise<Lock | { holder: LockHolder | undefined }> {
  const unique = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const text = `${JSON.stringify(holder)}\n`;
  try {
    // A link appears whole or not at all, and fails where the name exists: no half-written lock is ever seen.
    await writeFile(unique, text, { mode: 0o600, flag: 'wx' });
    // It says who is at work, to the owner of a project as well in which root is.
    await giveToOwner(unique);
    for (;;) {
      if (await linked(unique, path)) return { release: () => release(path, text) };
      const present = await textOf(path);
      if (present === 'gone') continue;
      const other = present === 'unreadable' ? undefined : parseHolder(present.text);
      if (other === undefined || isAlive(other)) return { holder: other };
      await removeStale(path, (present as { text: string }).text, holder);
    }
  } finally {
    await unlink(unique).catch(() => {});
  }
}

/** Who holds the lock now; undefined when nobody does. */
export async function lockHolder(
  stateDirectory: string,
): Promise<{ holder: LockHolder; alive: boolean } | undefined> {
  const present = await textOf(join(stateDirectory, 'lock'));
  const holder = typeof present === 'string' ? undefined : parseHolder(present.text);
  return holder === undefined ? undefined : { holder, alive: isAlive(holder) };
}

/** A lock that another user took (root, in somebody's project, with an older version) may be there and not be readable. */
async function textOf(path: string): Promise<{ text: string } | 'gone' | 'unreadable'> {
  try {
    return { text: await readFile(path, 'utf8') };
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'gone' : 'unreadable';
  }
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
