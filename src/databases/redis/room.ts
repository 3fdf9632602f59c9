import { RewindError } from '../../errors.ts';
import { bytesText } from '../../bytes-text.ts';
import { FREE } from '../free-space.ts';
import type { ContainerFiles } from './container.ts';
import type { RdbDetails } from './details.ts';
import type { LiveServer } from './live-server.ts';
import { MEMORY } from './scripts.ts';

// Both servers keep buffers and allocate more than they use.
const SPARE = 1.1;

/**
 * Whether there is room for the dump beside the live data: on the disk for the dump and for what is kept of the live
 * data, in memory for a second server. Throws NO_SPACE, NO_MEMORY (exit 4).
 */
export async function requireRoom(
  live: LiveServer,
  files: ContainerFiles,
  details: RdbDetails,
): Promise<void> {
  const free = Number(await files.ask(FREE, [live.directory], 'looking at free space')) * 1024;
  const used = Number((await live.session.info('memory')).get('used_memory') ?? 0);
  // The live data takes no more on the disk than in memory; the dump comes twice, once as the server's own file.
  const disk = 2 * details.rdbBytes + used;
  if (free < disk) {
    throw new RewindError(
      'NO_SPACE',
      `there is too little space in ${live.directory} of ${live.service}: ${bytesText(disk)} may be needed, ${bytesText(free)} are free`,
      { exit: 'refused', hint: 'Free some space there; the live data was not touched' },
    );
  }
  const memory = await freeMemory(files);
  const need = details.usedMemory * SPARE;
  if (memory === undefined || memory >= need) return;
  throw new RewindError(
    'NO_MEMORY',
    `there is too little memory for a second copy beside ${live.service}: ${bytesText(need)} are needed, ${bytesText(memory)} are free`,
    {
      exit: 'refused',
      hint: "Raise the container's memory limit (mem_limit) for the restore; the live data was not touched",
    },
  );
}

/** What the container may still take; undefined where nothing says it. */
async function freeMemory(files: ContainerFiles): Promise<number | undefined> {
  const [limit, used, available] = (await files.ask(MEMORY, [], 'looking at free memory')).split(' ');
  return memoryLeft(limit ?? '', used ?? '', available ?? '');
}

export function memoryLeft(limit: string, used: string, available: string): number | undefined {
  const host = /^\d+$/.test(available) ? Number(available) * 1024 : Number.POSITIVE_INFINITY;
  // Without a limit the kernel says `max`, or a number that no machine has.
  const own = /^\d+$/.test(limit) ? Number(limit) - Number(used) : Number.POSITIVE_INFINITY;
  const left = Math.min(host, own);
  return Number.isFinite(left) ? Math.max(0, left) : undefined;
}
