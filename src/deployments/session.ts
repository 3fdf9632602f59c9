import { existsSync } from 'node:fs';
import { findComposeFiles } from '../compose/files.ts';
import type { Runner } from '../docker/runner.ts';
import { acquireLock } from '../plan/lock.ts';
import {
  diskError,
  dropUnusedStateDirectory,
  openStateDirectory,
  stateDirectoryOf,
} from '../plan/state-directory.ts';
import { observe, type Observation, type Where } from './observation.ts';
import { requireConcluded } from './recover.ts';

export interface SessionOptions {
  where: Where;
  /** The command line after `docker rewind`, for those who find the lock taken. */
  command: string;
  /** Takes no lock and writes nothing. */
  dryRun: boolean;
}

/** Holds the project's lock while `work` runs. */
export async function withLock<T>(
  options: SessionOptions,
  work: (stateDirectory: string) => Promise<T>,
): Promise<T> {
  const { directory } = findComposeFiles(options.where.options, options.where.cwd, options.where.env);
  if (options.dryRun) return work(stateDirectoryOf(directory));
  const isNew = !existsSync(stateDirectoryOf(directory));
  const stateDirectory = await openStateDirectory(directory);
  const lock = await acquireLock(stateDirectory, options.command).catch((error: unknown) => {
    throw diskError(error, stateDirectory);
  });
  try {
    return await work(stateDirectory);
  } finally {
    await lock.release();
    // A command that was refused leaves no trace in a project that docker rewind never worked in.
    if (isNew) await dropUnusedStateDirectory(stateDirectory);
  }
}

/** Lock, no unfinished business, observation: how every changing command begins. */
export async function withObservation<T>(
  runner: Runner,
  options: SessionOptions,
  work: (observation: Observation) => Promise<T>,
): Promise<T> {
  return withLock(options, async (stateDirectory) => {
    if (!options.dryRun) await requireConcluded(stateDirectory);
    return work(await observe(runner, options.where));
  });
}
