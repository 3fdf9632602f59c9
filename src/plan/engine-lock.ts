import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createLockVolume,
  listLockVolumes,
  removeLockVolume,
  type LockVolume,
} from '../docker/lock-volumes.ts';
import type { Runner } from '../docker/runner.ts';
import { messageOf, RewindError } from '../errors.ts';
import { unfinishedJournals } from './journal.ts';
import { waiting, type LockWait } from './lock.ts';
import { locked, ownHolder, parseHolder, type Lock, type LockHolder } from './lock-holder.ts';
import { monotonicMs } from './monotonic.ts';
import { isAlive } from './process-identity.ts';
import { stateDirectoryOf } from './state-directory.ts';

/** A lock volume whose holder is known. */
interface Held {
  volume: LockVolume;
  holder: LockHolder | undefined;
}

const SETTLE_MS = 2000;
const SETTLE_POLL_MS = 100;

/**
 * Takes the lock of a project on its engine: for other checkouts of the same project, other users, and other hosts that
 * reach the engine through `--context`. Each command makes a volume of its own, looks for others, and withdraws where
 * another is there: nobody holds the lock who has not seen, after making theirs, that there is no other. Throws LOCKED
 * (exit 11) that names a live holder. What dead holders left is removed, unless their work is unfinished: of another
 * directory that throws UNFINISHED (exit 5); of this one it stays until it is concluded.
 */
export async function acquireEngineLock(
  runner: Runner,
  project: string,
  where: { command: string; directory: string },
  wait: LockWait,
): Promise<Lock> {
  const holder = ownHolder(where.command, where.directory);
  return waiting(
    () => attempt(runner, project, holder),
    wait,
    (other) => locked(other.holder, `the project ${project}`, `docker volume rm ${other.volume.name}`),
  );
}

/** Every lock on the engine, and whether its holder lives. */
export async function engineLocks(
  runner: Runner,
): Promise<{ name: string; project: string; holder: LockHolder | undefined; alive: boolean }[]> {
  return (await listLockVolumes(runner)).map(({ name, project, holder: text }) => {
    const holder = parseHolder(text);
    return { name, project, holder, alive: holder === undefined || isAlive(holder) };
  });
}

/**
 * Takes away what dead holders of a directory left on the engine, all of whose work is concluded: a command may have died
 * before it wrote down which project it was about. Without an engine it stays for the next command.
 */
export async function removeDeadLocks(runner: Runner, stateDirectory: string): Promise<void> {
  const dead = (await engineLocks(runner).catch(() => [])).filter(
    ({ alive, holder }) =>
      !alive && holder?.directory !== undefined && stateDirectoryOf(holder.directory) === stateDirectory,
  );
  for (const { name } of dead) await removeLockVolume(runner, name).catch(() => {});
}

async function attempt(runner: Runner, project: string, holder: LockHolder): Promise<Lock | Held> {
  const name = `docker-rewind-lock-${randomBytes(6).toString('hex')}`;
  // A kept one is of this directory, whose work is not concluded yet.
  const kept: Held[] = [];
  const others = async (): Promise<Held[]> => {
    const known = [name, ...kept.map(({ volume }) => volume.name)];
    const found = await listLockVolumes(runner, project, known);
    const live: Held[] = [];
    for (const volume of found) {
      const held = { volume, holder: parseHolder(volume.holder) };
      if (held.holder === undefined || isAlive(held.holder)) live.push(held);
      else if (await isUnfinished(held.holder, project, holder.directory)) kept.push(held);
      else await removeLockVolume(runner, volume.name);
    }
    return live;
  };
  const withdraw = (): Promise<void> => removeLockVolume(runner, name);
  try {
    await createLockVolume(runner, { name, project, holder: JSON.stringify(holder) });
    let live = await others();
    // Of several that come at the same time the one with the first name stays, for the others to withdraw.
    for (const deadline = monotonicMs() + SETTLE_MS; ;) {
      const first = live.every(({ volume }) => name < volume.name);
      if (live.length === 0 || !first || !live.some(isNew) || monotonicMs() > deadline) break;
      await sleep(SETTLE_POLL_MS);
      live = await others();
    }
    const [other] = live;
    if (other === undefined) return { release: () => releaseAll(runner, name, kept, project) };
    await withdraw();
    return other;
  } catch (error) {
    // Also where its making failed: perhaps only the answer was lost.
    await withdraw().catch(() => {});
    throw error;
  }
}

function isNew({ holder }: Held): boolean {
  return holder !== undefined && Math.abs(Date.now() - Date.parse(holder.since)) < 2 * SETTLE_MS;
}

/** Whether a dead holder left work behind here. Throws UNFINISHED (exit 5) where it did so in another directory. */
async function isUnfinished(holder: LockHolder, project: string, own: string | undefined): Promise<boolean> {
  const { directory } = holder;
  if (directory === undefined) return false;
  const journals = await unfinishedJournals(stateDirectoryOf(directory)).catch((error: unknown) => {
    if (directory === own) throw error;
    throw elsewhere(holder, directory, `; what it left cannot be read: ${messageOf(error)}`);
  });
  const unfinished = journals.some(({ plan }) => plan?.scope.project === project);
  if (unfinished && directory !== own) throw elsewhere(holder, directory, '');
  return unfinished;
}

function elsewhere({ command, user }: LockHolder, directory: string, more: string): RewindError {
  return new RewindError(
    'UNFINISHED',
    `a ${command} of this project by ${user} was cut off in ${directory} and is not concluded${more}`,
    {
      exit: 'notUndone',
      hint: `cd ${directory} && docker rewind recover`,
    },
  );
}

async function releaseAll(
  runner: Runner,
  name: string,
  kept: readonly Held[],
  project: string,
): Promise<void> {
  for (const { volume, holder } of kept) {
    const unfinished =
      holder !== undefined && (await isUnfinished(holder, project, holder.directory).catch(() => true));
    if (!unfinished) await removeLockVolume(runner, volume.name).catch(() => {});
  }
  // One that cannot be removed (the engine has gone away) is a dead holder's as soon as we end.
  await removeLockVolume(runner, name).catch(() => {});
}
