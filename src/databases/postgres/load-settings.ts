import type { ContainerFacts } from './container-facts.ts';

/** What building an index may take and use by the server's own settings. */
export interface IndexSettings {
  /** Bytes: maintenance_work_mem. */
  workMem: number;
  /** max_parallel_maintenance_workers */
  workers: number;
}

const [LEAST_JOBS, MOST_JOBS] = [2, 4];
/** More than that makes an index no faster. */
const MOST_WORK_MEM = 256 * 1024 * 1024;
/** All jobs together take this part of the memory at most. */
const PART_OF_MEMORY = 1 / 8;

/** A commit after this is on the disk when it is done, whatever the server is set to, and so is all of the log before it. */
export const ON_DISK = 'set synchronous_commit to local;';

/** Jobs that load a dump out of a file. */
export const loadingJobs = ({ cores }: ContainerFacts): number =>
  Math.min(MOST_JOBS, Math.max(LEAST_JOBS, cores));

/**
 * PGOPTIONS of `jobs` that load a dump, all of which every role may set. None of their commits waits for the disk: ON_DISK
 * does for all of them. Indexes are made in memory where there is plenty of it, and by the jobs alone where these keep all
 * processors busy: on two processors that takes two thirds of the time.
 */
export function loadingOptions(
  { cores, memory }: ContainerFacts,
  { workMem, workers }: IndexSettings,
  jobs: number,
): string {
  const room = Math.min(MOST_WORK_MEM, (memory * PART_OF_MEMORY) / jobs);
  const kilobytes = Math.floor(Math.max(workMem, room) / 1024);
  const beside = Math.max(0, Math.floor(cores / jobs) - 1);
  return [
    'synchronous_commit=off',
    `maintenance_work_mem=${kilobytes}kB`,
    `max_parallel_maintenance_workers=${Math.min(workers, beside)}`,
  ]
    .map((setting) => `-c ${setting}`)
    .join(' ');
}
