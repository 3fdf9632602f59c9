import { bytesText } from '../../bytes-text.ts';
import { execScriptArgv } from '../../docker/exec.ts';
import { RewindError } from '../../errors.ts';
import type { DatabaseArtifact, LoadRequest } from '../engine.ts';
import { FREE } from '../free-space.ts';
import { rows, type Access } from './client.ts';
import { detailsOf } from './details.ts';

/** Room that is left to the server itself, whose files grow in steps of some megabytes. */
const RESERVE = 16 * 1024 * 1024;

/**
 * The loaded databases lie beside the live ones, and a server with a binary log writes as much to that again. One that cannot
 * write its log stands still until somebody frees space, with everybody who uses it ("Waiting for someone to free space"), so
 * there has to be room for it. Where the container does not say how much is free, the restore fails by itself. Throws
 * NO_SPACE (exit 4).
 */
export async function requireRoom(access: Access, { targets }: LoadRequest): Promise<void> {
  const { server, context } = access;
  const [found] = await rows(
    access,
    'SELECT @@datadir, @@log_bin, @@log_bin_basename;',
    'asking where its data lies',
  );
  const [data = '', logs, log = ''] = found ?? [];
  const free = async (path: string): Promise<number> => {
    const argv = execScriptArgv(server.container, FREE, [path], { user: '0' });
    const { stdout } = await context.runner.run(argv, { signal: context.signal });
    return Number(stdout.trim() === '' ? Number.NaN : stdout) * 1024;
  };
  const sum = (bytes: (artifact: DatabaseArtifact) => number): number =>
    targets.reduce((total, { artifact }) => total + bytes(artifact), 0);
  // Of rows that are new the server may know no size yet; a dump has at most two characters for a byte.
  const loaded =
    sum((artifact) => Math.max(artifact.serverBytes, detailsOf(artifact).programsAt / 2)) + RESERVE;
  const logged = logs === '1' ? sum((artifact) => detailsOf(artifact).programsAt) : 0;
  // Most logs lie beside the data. On a disk of their own they are asked for there.
  const apart = logged > 0 && !log.startsWith(data);
  const needs: [string, number][] = apart
    ? [
        [data, loaded],
        [log.slice(0, log.lastIndexOf('/') + 1), logged + RESERVE],
      ]
    : [[data, loaded + logged]];
  for (const [path, need] of needs) {
    const there = await free(path);
    if (Number.isNaN(there) || there > need) continue;
    throw new RewindError(
      'NO_SPACE',
      `${server.service} has too little space in ${path} for a second copy: ${bytesText(need)} are needed, ${bytesText(there)} are free`,
      { exit: 'refused', hint: 'Free some space on the disk of its data: docker system df' },
    );
  }
}
