import { setTimeout as delay } from 'node:timers/promises';
import { RewindError } from '../../errors.ts';
import type { EngineContext } from '../engine.ts';
import { keyspace, type LiveServer } from './live-server.ts';
import type { Pause } from './pause.ts';
import type { SecondServer } from './second-server.ts';
import { applyNeeded, type Settings } from './settings.ts';

const POLL_MS = 100;
// Nothing moves for this long: it never will.
const STALL_MS = 120_000;
// The first attempt of a replica fails for a reason that the next one meets as well.
const ATTEMPTS = 3;

/**
 * Makes the live server a replica of the second one until it has all of its data, in memory and on the disk. It is still
 * a replica when this returns, and clients' writes still wait.
 */
export async function replicate(
  live: LiveServer,
  second: SecondServer,
  settings: Settings,
  pause: Pause,
  context: EngineContext,
): Promise<void> {
  const { session } = live;
  await applyNeeded(live, settings);
  if (settings.noPrimaryPassword) await session.ask('CONFIG', 'SET', 'masterauth', second.password);
  pause.check();
  await session.ask('REPLICAOF', '127.0.0.1', String(second.port));
  let last = '';
  let moved = performance.now();
  for (;;) {
    if (context.signal.aborted) throw context.signal.reason;
    const replication = await session.info('replication');
    const persistence = await session.info('persistence');
    if (replication.get('role') !== 'slave') throw failed(live, 'somebody made it a primary meanwhile');
    const synced =
      replication.get('master_link_status') === 'up' && replication.get('master_sync_in_progress') === '0';
    if (synced && isOnDisk(persistence) && (await sameKeys(live, second))) break;
    const stats = await second.session.info('stats');
    if (Number(stats.get('sync_full') ?? 0) > ATTEMPTS)
      throw failed(live, 'the server does not take the data (a full disk?)');
    const state = [
      replication.get('master_link_status'),
      replication.get('master_sync_read_bytes'),
      persistence.get('loading_loaded_bytes'),
      persistence.get('aof_rewrite_in_progress'),
      persistence.get('current_save_keys_processed'),
      stats.get('sync_full'),
    ].join(' ');
    if (state !== last) [last, moved] = [state, performance.now()];
    if (performance.now() - moved > STALL_MS) throw failed(live, 'nothing has moved for two minutes');
    await delay(POLL_MS, undefined, { signal: context.signal });
  }
}

/** With an append-only file, the new data is in it when it has been rewritten; until then the disk has the old data. */
function isOnDisk(persistence: ReadonlyMap<string, string>): boolean {
  if (persistence.get('loading') !== '0') return false;
  if (persistence.get('aof_enabled') !== '1') return true;
  return (
    persistence.get('aof_rewrite_in_progress') === '0' &&
    persistence.get('aof_rewrite_scheduled') === '0' &&
    persistence.get('aof_last_bgrewrite_status') === 'ok' &&
    persistence.get('aof_last_write_status') !== 'err'
  );
}

async function sameKeys(live: LiveServer, second: SecondServer): Promise<boolean> {
  const there = await keyspace(second.session);
  const here = await keyspace(live.session);
  return here.size === there.size && [...there].every(([number, keys]) => here.get(number) === keys);
}

function failed(live: LiveServer, why: string): RewindError {
  return new RewindError('SWAP_FAILED', `${live.service} did not take over the data: ${why}`, {
    hint: `docker compose logs ${live.service} says more`,
  });
}
