import { setTimeout as delay } from 'node:timers/promises';
import { RewindError } from '../../errors.ts';
import type { EngineContext, Server } from '../engine.ts';
import { lastLine } from '../../docker/engine-error.ts';
import { execScriptArgv } from '../../docker/exec.ts';
import { openSession, type Access } from './access.ts';
import { ContainerFiles } from './container.ts';
import { OWNER } from './scripts.ts';
import type { Session } from './session.ts';

/** A running server and a connection to it. */
export interface LiveServer {
  service: string;
  access: Access;
  session: Session;
  /** `redis` or `valkey`: they count their versions each on its own. */
  product: 'redis' | 'valkey';
  version: string;
  processId: string;
  /** Its working directory, where it keeps its files. */
  directory: string;
  /** The name of its RDB file there. */
  dumpFile: string;
}

const POLL_MS = 200;

/** Connects, and waits until the server has loaded its data. The session is to be closed by the caller. */
export async function connect(server: Server, context: EngineContext): Promise<LiveServer> {
  const { access, session } = await openSession(server, context);
  try {
    while ((await session.info('persistence')).get('loading') === '1') {
      await delay(POLL_MS, undefined, { signal: context.signal });
    }
    const info = await session.info('server');
    const valkey = info.get('valkey_version');
    return {
      service: server.service,
      access,
      session,
      product: valkey === undefined ? 'redis' : 'valkey',
      version: valkey ?? info.get('redis_version') ?? '',
      processId: info.get('process_id') ?? '1',
      directory: (await session.setting('dir')) ?? '/data',
      dumpFile: (await session.setting('dbfilename')) ?? 'dump.rdb',
    };
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** Works with a server, and closes the connection whatever happens. */
export async function withServer<T>(
  server: Server,
  context: EngineContext,
  work: (live: LiveServer) => Promise<T>,
): Promise<T> {
  const live = await connect(server, context);
  try {
    return await work(live);
  } finally {
    await live.session.close();
  }
}

/** The server's files, as the user that it runs as. */
export async function filesOf(live: LiveServer, context: EngineContext): Promise<ContainerFiles> {
  const { runner, signal } = context;
  const result = await runner.run(execScriptArgv(live.access.container, OWNER, [live.processId]), { signal });
  if (signal.aborted) throw signal.reason;
  const user = result.stdout.trim();
  if (result.exitCode !== 0 || !/^\d+:\d+$/.test(user))
    throw new RewindError(
      'CONTAINER_FAILED',
      `the user of ${live.service} was not found: ${lastLine(result)}`,
    );
  return new ContainerFiles(live.access.container, user, context);
}

/** The version as an artifact says it. */
export const versionText = ({ product, version }: Pick<LiveServer, 'product' | 'version'>): string =>
  product === 'redis' ? version : `${product} ${version}`;

/** Keys by database, as the server counts them now. */
export async function keyspace(session: Session): Promise<Map<number, number>> {
  const info = await session.info('keyspace');
  return new Map(
    [...info].flatMap(([name, value]) => {
      const number = /^db(\d+)$/.exec(name)?.[1];
      const keys = /(?:^|,)keys=(\d+)/.exec(value)?.[1];
      return number === undefined || keys === undefined ? [] : [[Number(number), Number(keys)] as const];
    }),
  );
}
