import type { DatabaseEngine } from '../engine.ts';
import { advise } from './advice.ts';
import { dumpServer } from './dump.ts';
import { versionText, withServer } from './live-server.ts';
import { loadDump } from './load.ts';
import { dropKept, swapBack, swapIn } from './swap.ts';

/**
 * Redis and Valkey. A dump is the RDB file that the server sends to a replica. A restore starts a second server on it in
 * the same container, and makes the live server its replica for a moment: so the server itself puts the data in place,
 * in memory, in its RDB file and in its append-only file, and never stops.
 */
export const redis: DatabaseEngine = {
  separates: false,
  online: true,
  observe: (server, context) =>
    withServer(server, context, async (live) => {
      const memory = await live.session.info('memory');
      return {
        version: versionText(live),
        databases: [{ name: server.service, bytes: Number(memory.get('used_memory') ?? 0) }],
      };
    }),
  dump: dumpServer,
  advise,
  load: loadDump,
  swap: swapIn,
  unswap: swapBack,
  drop: dropKept,
};
