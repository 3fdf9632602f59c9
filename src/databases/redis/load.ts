import { createZstdDecompress } from 'node:zlib';
import { RewindError } from '../../errors.ts';
import type { EngineContext, LoadRequest, LoadTarget, Server } from '../engine.ts';
import { rdbDetails, type RdbDetails } from './details.ts';
import { filesOf, keyspace, withServer, type LiveServer } from './live-server.ts';
import { checkedRdb } from './rdb-stream.ts';
import { requireRoom } from './room.ts';
import { PUT, STAGE } from './scripts.ts';
import { damaged, stagingOf, startSecond, type SecondServer } from './second-server.ts';

/** The file that is to be put in place, in the staging directory. */
export const RESTORED = 'restored.rdb';

/** Puts the dump beside the live data and into a second server, and compares its keys with what was dumped. */
export async function loadDump(server: Server, request: LoadRequest, context: EngineContext): Promise<void> {
  const target = onlyTarget(server, request);
  const details = rdbDetails(target.artifact);
  await withServer(server, context, async (live) => {
    await requireRole(live);
    const files = await filesOf(live, context);
    await requireRoom(live, files, details);
    const staging = stagingOf(live, request.restore);
    await files.ask(STAGE, [staging], `making ${staging}`);
    const stored = await request.read(target.artifact.dump);
    let bytes = 0;
    const plain = createZstdDecompress();
    stored.on('error', (error) => plain.destroy(error));
    stored.pipe(plain);
    // Its own checksum says for certain that it is damaged; what a server says that reads it anyhow may be anything.
    const checked = checkedRdb(
      plain,
      () => {},
      (why) => damaged(server, why),
    );
    const counted = (async function* () {
      for await (const chunk of checked) {
        bytes += chunk.length;
        if (bytes > details.rdbBytes) throw notEqual(server, `it is longer than ${details.rdbBytes} bytes`);
        yield chunk;
        context.onProgress(server.service, bytes);
      }
    })();
    await files.feed(
      PUT,
      [staging, RESTORED],
      counted,
      `writing the dump beside the data of ${server.service}`,
    );
    if (bytes !== details.rdbBytes) throw notEqual(server, `${bytes} bytes instead of ${details.rdbBytes}`);
    const second = await startSecond(live, files, staging, RESTORED, context);
    try {
      await requireEqual(server, second, details);
    } finally {
      await second.session.close();
    }
  });
}

/** All keys that were dumped are there, but for those that have expired since. */
async function requireEqual(server: Server, { session }: SecondServer, details: RdbDetails): Promise<void> {
  if (details.databases === null) return;
  const info = await session.info('persistence');
  const loaded = info.get('rdb_last_load_keys_loaded');
  const expired = info.get('rdb_last_load_keys_expired');
  const dumped = details.databases.reduce((sum, { keys }) => sum + keys, 0);
  if (loaded !== undefined && expired !== undefined && Number(loaded) + Number(expired) !== dumped)
    throw notEqual(server, `${loaded} keys were loaded and ${expired} have expired, ${dumped} were dumped`);
  const present = await keyspace(session);
  for (const { number, keys, expiring } of details.databases) {
    const now = present.get(number) ?? 0;
    present.delete(number);
    if (now <= keys && now >= keys - expiring) continue;
    throw notEqual(
      server,
      `database ${number} has ${now} keys, ${keys} were dumped (${expiring} of them may expire)`,
    );
  }
  const [other] = present.keys();
  if (other !== undefined) throw notEqual(server, `database ${other} was empty when it was dumped`);
}

/** A server has one dump, of everything in it. Throws NO_SUCH_NAME for a name beside the live one (exit 2). */
function onlyTarget(server: Server, { targets }: LoadRequest): LoadTarget {
  const [target] = targets;
  if (target === undefined || targets.length > 1) throw new Error(`${targets.length} dumps for one server`);
  if (target.database === target.artifact.database) return target;
  throw new RewindError(
    'NO_SUCH_NAME',
    `${server.service} keeps numbered databases: a dump cannot be put beside them`,
    {
      exit: 'usage',
      hint: 'Leave --to-database out',
    },
  );
}

/** A server that others tell what to hold is not the one to restore. */
async function requireRole(live: LiveServer): Promise<void> {
  const replication = await live.session.info('replication');
  const server = await live.session.info('server');
  const refuse = (why: string, hint: string): never => {
    throw new RewindError('WRONG_ROLE', `${live.service} ${why}`, { exit: 'refused', hint });
  };
  if (replication.get('role') !== 'master')
    refuse(
      `is a replica of ${replication.get('master_host') ?? 'another server'}`,
      'Restore the primary: its replicas follow',
    );
  if (server.get('redis_mode') === 'cluster')
    refuse('is a node of a cluster', 'Restore a cluster node by node from its RDB files (docs/databases.md)');
  const clients = await live.session.ask('CLIENT', 'LIST');
  if (clients.some((line) => / name=sentinel-/.test(line))) {
    refuse(
      'is watched by a Sentinel, which takes a server that follows another for broken',
      `Tell the Sentinels for the time of the restore: SENTINEL REMOVE`,
    );
  }
  if (live.product === 'redis' && versionBelow(live.version, [6, 2]))
    refuse(`is Redis ${live.version}`, 'Restoring while it runs needs Redis 6.2 or later');
}

export function versionBelow(version: string, [major, minor]: readonly [number, number]): boolean {
  const [own = 0, below = 0] = version.split('.').map(Number);
  return own < major || (own === major && below < minor);
}

function notEqual(server: Server, why: string): RewindError {
  return new RewindError(
    'NOT_EQUAL',
    `the dump of ${server.service} as loaded is not what was dumped: ${why}`,
    {
      exit: 'refused',
      hint: 'The live data was not touched; docker rewind list shows the other restore points',
    },
  );
}
