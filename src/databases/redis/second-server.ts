import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { RewindError } from '../../errors.ts';
import type { EngineContext } from '../engine.ts';
import type { Access } from './access.ts';
import type { ContainerFiles } from './container.ts';
import type { LiveServer } from './live-server.ts';
import { modulesOf } from './modules.ts';
import { secondConfig } from './second-config.ts';
import { GET, LOOK, PUT, SECOND_STATE, START_SECOND, STOP_SECOND } from './scripts.ts';
import { Session } from './session.ts';

/** A second server beside the live one, in its container, that holds the data of one RDB file. */
export interface SecondServer {
  session: Session;
  port: number;
  password: string;
}

const POLL_MS = 200;
const STARTING_MS = 20_000;
const PORT_TRIES = 5;
// Below what systems give to outgoing connections.
const PORTS = [20_000, 32_000] as const;
const STATE = 'second.json';

interface State {
  port: number;
  file: string;
}

/** The staging directory of a restore beside the live server's files. */
export const stagingOf = (live: LiveServer, restore: string): string =>
  `${live.directory.replace(/\/$/, '')}/.rewind-restore-${restore}`;

/** Starts a second server on a file of the staging directory, and waits until it has all of it in memory. */
export async function startSecond(
  live: LiveServer,
  files: ContainerFiles,
  staging: string,
  file: string,
  context: EngineContext,
): Promise<SecondServer> {
  await stopSecond(files, staging);
  const given = (await live.session.setting('masterauth')) ?? '';
  // The live server introduces itself with what it has; where it has nothing, it is told a password for this alone.
  const password = given === '' ? randomBytes(24).toString('hex') : given;
  const user = (await live.session.setting('masteruser')) || undefined;
  const databases = (await live.session.setting('databases')) ?? '16';
  const modules = await modulesOf(live.session);
  const log = { lines: '' };
  for (let tries = 1; tries <= PORT_TRIES; tries++) {
    const port = randomInt(...PORTS);
    const config = secondConfig({ port, directory: staging, file, user, password, databases, modules });
    await files.feed(PUT, [staging, 'second.password'], `${password}\n`, 'writing beside the live data');
    await files.feed(PUT, [staging, 'second.conf'], config, 'writing beside the live data');
    await files.feed(
      PUT,
      [staging, STATE],
      JSON.stringify({ port, file } satisfies State),
      'writing beside the live data',
    );
    await files.start(
      START_SECOND,
      [staging, `${live.product}-server`, live.processId],
      'starting a second server',
    );
    const session = await answering(accessTo(live, files, staging, port), files, staging, context, log);
    if (session !== undefined) return { session, port, password };
    if (!/address already in use|failed listening|could not create server tcp/i.test(log.lines)) break;
  }
  throw notLoaded(live, log.lines);
}

/** The second server on this file; started where another one runs, or none. */
export async function ensureSecond(
  live: LiveServer,
  files: ContainerFiles,
  staging: string,
  file: string,
  context: EngineContext,
): Promise<SecondServer> {
  const staged = await stagedNames(files, staging);
  if (staged.has(STATE)) {
    const state = JSON.parse(await files.ask(GET, [staging, STATE], 'reading beside the live data')) as State;
    const session = new Session(accessTo(live, files, staging, state.port), context);
    const loading = await session.info('persistence').then(
      (info) => info.get('loading'),
      () => undefined,
    );
    if (state.file === file && loading === '0') {
      const password = await files.ask(GET, [staging, 'second.password'], 'reading beside the live data');
      return { session, port: state.port, password };
    }
    await session.close();
  }
  return startSecond(live, files, staging, file, context);
}

/** Ends it, with whatever it still does; harmless where there is none. */
export async function stopSecond(files: ContainerFiles, staging: string): Promise<void> {
  await files.ask(STOP_SECOND, [staging], 'ending the second server');
}

/** The names in the staging directory; empty where there is none. */
export async function stagedNames(files: ContainerFiles, staging: string): Promise<Set<string>> {
  const names = await files.ask(LOOK, [staging], 'looking for what a restore left');
  return new Set(names.split('\n').filter((name) => name !== ''));
}

function accessTo(live: LiveServer, files: ContainerFiles, staging: string, port: number): Access {
  return {
    container: live.access.container,
    user: files.user,
    arguments: ['file', '', '-h', '127.0.0.1', '-p', String(port)],
    secretLine: `${staging}/second.password\n`,
  };
}

/** A session with a server that has loaded its file; undefined, with its log, where it ended. */
async function answering(
  access: Access,
  files: ContainerFiles,
  staging: string,
  context: EngineContext,
  log: { lines: string },
): Promise<Session | undefined> {
  const begun = performance.now();
  let seenEnded = false;
  for (;;) {
    const session = new Session(access, context);
    try {
      for (;;) {
        const info = await session.info('persistence');
        if (info.get('loading') === '0') return session;
        await delay(POLL_MS, undefined, { signal: context.signal });
      }
    } catch (error) {
      await session.close();
      if (context.signal.aborted) throw context.signal.reason;
      if (!(error instanceof RewindError && error.code === 'CONNECTION_LOST')) throw error;
    }
    log.lines = await files.ask(SECOND_STATE, [staging], 'looking for the second server');
    // Neither a process nor a word in the log: it is about to start.
    const starting = log.lines === '' && performance.now() - begun < STARTING_MS;
    const ended = log.lines !== 'alive' && !starting;
    // It has no name for a moment when it gives itself another one.
    if (ended && seenEnded) return undefined;
    seenEnded = ended;
    await delay(POLL_MS, undefined, { signal: context.signal });
  }
}

const NEWER = /can't handle rdb format/i;
const DAMAGED = /crc|short read|unexpected eof|wrong signature|internal error in rdb|bad file format/i;
const UNTOUCHED = 'The live data was not touched; docker rewind list shows the other restore points';

/** A dump that is not what a server once wrote (exit 4); the live data is as it was. */
export function damaged(
  { service }: Pick<LiveServer, 'service'>,
  why: string,
  details: readonly string[] = [],
): RewindError {
  return new RewindError('DAMAGED', `the dump for ${service} is damaged: ${why}`, {
    exit: 'refused',
    details,
    hint: UNTOUCHED,
  });
}

function notLoaded(live: LiveServer, log: string): RewindError {
  const lines = log
    .split('\n')
    .map((line) => line.replace(/^\d+:\w .*?[*#-] /, ''))
    .filter((line) => line !== '');
  if (NEWER.test(log))
    return new RewindError(
      'OLDER_SERVER',
      `${live.service} (${live.product} ${live.version}) cannot read this dump: it comes from a later version`,
      {
        exit: 'refused',
        details: lines.filter((line) => NEWER.test(line)),
        hint: 'Run the version that made it, or a later one; the live data was not touched',
      },
    );
  const details = lines.filter((line) => DAMAGED.test(line)).slice(0, 6);
  if (details.length > 0) return damaged(live, 'a second server could not load it', details);
  return new RewindError('LOAD_FAILED', `a second server beside ${live.service} could not load the dump`, {
    exit: 'refused',
    details: lines.slice(-6),
    hint: UNTOUCHED,
  });
}
