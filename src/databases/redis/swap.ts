import { RewindError } from '../../errors.ts';
import type { EngineContext, LoadRequest, Server } from '../engine.ts';
import type { ContainerFiles } from './container.ts';
import { filesOf, withServer, type LiveServer } from './live-server.ts';
import { RESTORED } from './load.ts';
import { Pause } from './pause.ts';
import { rdbOf } from './rdb-source.ts';
import { replicate } from './replicate.ts';
import { MARK, PUT, REMOVE, REMOVE_FILE } from './scripts.ts';
import { ensureSecond, stagedNames, stagingOf, stopSecond, type SecondServer } from './second-server.ts';
import { noteSettings, notedSettings, putBack, type Settings } from './settings.ts';

/** The live data as it was when it was replaced. */
const KEPT = 'kept.rdb';
/** From here on the live server may hold other data than before. */
const BEGUN = 'begun';
/** The restored data is in the live server, and on its disk. */
const SWAPPED = 'swapped';
/** The kept data is back in it. */
const RETURNED = 'returned';

interface Place {
  live: LiveServer;
  files: ContainerFiles;
  staging: string;
  context: EngineContext;
}

/** Keeps the live data as an RDB file beside it, and lets the live server take over what was loaded. */
export async function swapIn(server: Server, request: LoadRequest, context: EngineContext): Promise<void> {
  await inPlace(server, request, context, async (place) => {
    const { live, files, staging } = place;
    const staged = await stagedNames(files, staging);
    await noteSettings(live, files, staging, staged);
    const settings = await settingsOf(place);
    if (staged.has(SWAPPED)) await standAlone(place, settings);
    else {
      await withSecond(place, RESTORED, async (second, pause) => {
        if (!staged.has(BEGUN)) await keep(place, settings, pause);
        await replicate(live, second, settings, pause, context);
        await files.ask(MARK, [staging, SWAPPED], 'writing beside the live data');
        await standAlone(place, settings);
      });
    }
    await stopSecond(files, staging);
  });
}

/** Brings the kept data back where the live server may hold other data, and removes what a restore made. */
export async function swapBack(server: Server, request: LoadRequest, context: EngineContext): Promise<void> {
  await inPlace(server, request, context, async (place) => {
    const { live, files, staging } = place;
    const staged = await stagedNames(files, staging);
    const settings = await notedSettings(files, staging, staged);
    if (settings !== undefined && staged.has(BEGUN) && !staged.has(RETURNED)) {
      await withSecond(place, KEPT, async (second, pause) => {
        await replicate(live, second, settings, pause, context);
        // Before anybody can write: a second run must not take those writes back.
        await files.ask(MARK, [staging, RETURNED], 'writing beside the live data');
        await standAlone(place, settings);
      });
    } else if (settings !== undefined) {
      await standAlone(place, settings);
      await live.session.ask('CLIENT', 'UNPAUSE');
    }
    await clear(place);
  });
}

/** Removes the kept data: there is no way back from here. */
export async function dropKept(server: Server, request: LoadRequest, context: EngineContext): Promise<void> {
  await inPlace(server, request, context, clear);
}

async function inPlace(
  server: Server,
  request: LoadRequest,
  context: EngineContext,
  work: (place: Place) => Promise<void>,
): Promise<void> {
  await withServer(server, context, async (live) => {
    const files = await filesOf(live, context);
    await work({ live, files, staging: stagingOf(live, request.restore), context });
  });
}

async function settingsOf({ files, staging }: Place): Promise<Settings> {
  const settings = await notedSettings(files, staging, await stagedNames(files, staging));
  if (settings !== undefined) return settings;
  throw new RewindError('CONTAINER_FAILED', `${staging} of the restore is gone from the server's container`);
}

/** With a second server on a file, and clients' writes waiting. */
async function withSecond(
  { live, files, staging, context }: Place,
  file: string,
  work: (second: SecondServer, pause: Pause) => Promise<void>,
): Promise<void> {
  const second = await ensureSecond(live, files, staging, file, context);
  try {
    const pause = await Pause.begin(live.access, context);
    try {
      await work(second, pause);
    } finally {
      await pause.release();
    }
  } finally {
    await second.session.close();
  }
}

/** Writes the live data beside itself, every byte checked: it is the only way back. */
async function keep(
  { live, files, staging, context }: Place,
  settings: Settings,
  pause: Pause,
): Promise<void> {
  if (settings.values['repl-diskless-sync-delay'] !== undefined)
    await live.session.ask('CONFIG', 'SET', 'repl-diskless-sync-delay', '0');
  await rdbOf(live, context, (rdb) => files.feed(PUT, [staging, KEPT], rdb, 'keeping the live data'));
  pause.check();
  await files.ask(MARK, [staging, BEGUN], 'writing beside the live data');
}

/** Nobody's replica, set as it was, and without a file that it does not keep. */
async function standAlone({ live, files }: Place, settings: Settings): Promise<void> {
  const replication = await live.session.info('replication');
  if (replication.get('role') === 'slave' && replication.get('master_host') === '127.0.0.1')
    await live.session.ask('REPLICAOF', 'NO', 'ONE');
  await putBack(live, settings);
  if (!settings.keepsFile) await files.ask(REMOVE_FILE, [live.directory, live.dumpFile], 'clearing up');
}

async function clear({ files, staging }: Place): Promise<void> {
  await stopSecond(files, staging);
  await files.ask(REMOVE, [staging], `removing ${staging}`);
}
