import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { findComposeFiles } from '../compose/files.ts';
import type { Runner } from '../docker/runner.ts';
import { RewindError } from '../errors.ts';
import { acquireEngineLock } from '../plan/engine-lock.ts';
import { clearConcluded, unfinishedJournals, type UnfinishedJournal } from '../plan/journal.ts';
import { needsEngine } from '../plan/plan.ts';
import { acquireLock, type Lock, type LockWait } from '../plan/lock.ts';
import {
  diskError,
  dropUnusedStateDirectory,
  openStateDirectory,
  stateDirectoryOf,
} from '../plan/state-directory.ts';
import { giveToOwner } from '../plan/ownership.ts';
import { observe, observeData, type Observation, type Where } from './observation.ts';
import { notConcluded, unsettled, type Recovered } from './recover.ts';

export interface SessionOptions {
  where: Where;
  /** The command line after `docker rewind`, for those who find the lock taken. */
  command: string;
  /** Takes no lock and writes nothing. */
  dryRun: boolean;
  wait: LockWait;
  /** Registers what has to be done when the process is told to leave before anything was begun; returns how to undo that. */
  beforeLeaving: (cleanup: () => Promise<void>) => () => void;
  /** Concludes an earlier execution; `undefined` where somebody was asked and does not want that now. */
  conclude: (session: Session, unfinished: UnfinishedJournal, ask: boolean) => Promise<Recovered | undefined>;
  /** Whether somebody can be asked. */
  interactive: boolean;
}

/** The locks that a command holds. */
export interface Session {
  stateDirectory: string;
  /** Also takes the lock of this project on its engine; once is enough. */
  lockProject(project: string): Promise<void>;
}

/** How long a lock that is just being taken is waited for when the command is told to leave. */
const TAKING_WITHIN_MS = 5000;

/** Holds the lock of the project's directory while `work` runs. */
export async function withLock<T>(
  runner: Runner,
  options: SessionOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { directory } = findComposeFiles(options.where.options, options.where.cwd, options.where.env);
  if (options.dryRun) {
    return work({ stateDirectory: stateDirectoryOf(directory), lockProject: async () => {} });
  }
  const isNew = !existsSync(stateDirectoryOf(directory));
  const stateDirectory = await openStateDirectory(directory);
  const locks: Lock[] = [];
  const projects = new Set<string>();
  const wait = { ...options.wait };
  let taking: Promise<unknown> = Promise.resolve();
  let givenBack = false;
  const requireLocks = (): void => {
    if (givenBack) throw new RewindError('LEAVING', 'told to leave', { exit: 'interrupted' });
  };
  const take = async (acquire: () => Promise<Lock>): Promise<void> => {
    // The process ends as soon as all is given back, and not when the engine has made what it was asked for.
    requireLocks();
    const taken = acquire().then((each) => locks.push(each));
    taking = taken.catch(() => {});
    await taken;
    // Nobody works with half of the locks.
    requireLocks();
  };
  const releaseAll = async (): Promise<void> => {
    // One that is being waited for is not wanted any more; one that is just being taken has to be given back.
    wait.until = 0;
    // Only so long as the process has time left to give back the others: of a dead process it is taken over by the next.
    await Promise.race([taking, sleep(TAKING_WITHIN_MS, undefined, { ref: false })]);
    for (let lock = locks.pop(); lock !== undefined; lock = locks.pop()) await lock.release();
    // A command that was refused leaves no trace in a project that docker rewind never worked in.
    if (isNew) await dropUnusedStateDirectory(stateDirectory);
  };
  // Told to leave, the process ends when either the command or this is done: each waits for what the other one began.
  let releasing: Promise<void> = Promise.resolve();
  const release = (): Promise<void> => {
    givenBack = true;
    return (releasing = releasing.catch(() => {}).then(releaseAll));
  };
  const stay = options.beforeLeaving(release);
  try {
    await take(() => acquireLock(stateDirectory, options.command, wait)).catch((error: unknown) => {
      throw diskError(error, stateDirectory);
    });
    await clearConcluded(stateDirectory);
    return await work({
      stateDirectory,
      lockProject: async (project) => {
        if (projects.has(project)) return;
        const where = { command: options.command, directory };
        await take(() => acquireEngineLock(runner, project, where, wait));
        projects.add(project);
      },
    });
  } finally {
    stay();
    await giveToOwner(stateDirectory);
    await release();
  }
}

/** Lock, no unfinished business, observation: how every command begins that changes what runs. */
export async function withObservation<T>(
  runner: Runner,
  options: SessionOptions,
  work: (observation: Observation) => Promise<T>,
): Promise<T> {
  return observed(runner, options, observe, work);
}

/** The same for a command that changes data alone. */
export async function withDataObservation<T>(
  runner: Runner,
  options: SessionOptions,
  work: (observation: DataObserved) => Promise<T>,
): Promise<T> {
  return observed(runner, options, observeData, work);
}

type DataObserved = Awaited<ReturnType<typeof observeData>>;

async function observed<O, T>(
  runner: Runner,
  options: SessionOptions,
  look: (runner: Runner, where: Where, beforeEngine: (project: string) => Promise<void>) => Promise<O>,
  work: (observation: O) => Promise<T>,
): Promise<T> {
  return withLock(runner, options, async (session) => {
    if (!options.dryRun)
      await concludeEarlier(session, options, await unfinishedJournals(session.stateDirectory));
    return work(await look(runner, options.where, (project) => session.lockProject(project)));
  });
}

/**
 * Lock and no unfinished business, for what changes only files and needs no engine.
 */
export async function withDirectory<T>(
  runner: Runner,
  options: SessionOptions,
  work: () => Promise<T>,
): Promise<T> {
  return withLock(runner, options, async (session) => {
    const journals = options.dryRun ? [] : await unfinishedJournals(session.stateDirectory);
    const open = unsettled(journals);
    // What has only to be cleared up on an engine waits for a command that needs one.
    const now = journals.filter((each) => open.includes(each) || !(each.plan && needsEngine(each.plan)));
    await concludeEarlier(session, options, now);
    return work();
  });
}

/**
 * Deals with what was cut off before: what has only to be cleared up is; where something has to be decided, whoever is
 * on the terminal is asked. Throws UNFINISHED (exit 5) otherwise: nobody knows what stands where.
 */
async function concludeEarlier(
  session: Session,
  options: SessionOptions,
  journals: readonly UnfinishedJournal[],
): Promise<void> {
  const open = unsettled(journals);
  const [first] = open;
  if (first !== undefined && !options.interactive) throw notConcluded(first);
  for (const journal of journals) {
    const concluded = await options.conclude(session, journal, open.includes(journal));
    if (concluded === undefined) throw notConcluded(journal);
  }
}
