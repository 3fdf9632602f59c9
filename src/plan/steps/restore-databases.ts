import { setTimeout as delay } from 'node:timers/promises';
import type { DatabaseEngine, DatabaseService, LoadRequest, LoadTarget } from '../../databases/engine.ts';
import { engineFor } from '../../databases/engines.ts';
import type { EngineContext, Server } from '../../databases/engine.ts';
import { listContainers, startArgv } from '../../docker/containers.ts';
import { messageOf, RewindError } from '../../errors.ts';
import { checkFile, verified } from '../../restore-points/verified.ts';
import { openStore } from '../../stores/open.ts';
import type { PointPlace } from './archive-volumes.ts';
import type { StepBase, StepContext } from './context.ts';
import { stopWriters, type RunningContainer } from './still-services.ts';
import { engineContext, plannedServerOf, serverDirectory, serverOf } from './database-server.ts';

/** What of a point goes into one server. */
export interface ServerRestore {
  service: DatabaseService;
  targets: readonly LoadTarget[];
}

interface RestoresDatabases extends StepBase, PointPlace {
  /** In the names of everything that is made in the servers. */
  restore: string;
  servers: readonly ServerRestore[];
}

/** Load dumps beside the live databases and compare them with what was dumped. */
export interface LoadDatabases extends RestoresDatabases {
  kind: 'load-databases';
}

/** Put what was loaded in the place of the live databases, which are kept. */
export interface SwapDatabases extends RestoresDatabases {
  kind: 'swap-databases';
}

/** Put the databases back that SwapDatabases kept, and remove what was loaded, however far it came. */
export interface UnswapDatabases extends RestoresDatabases {
  kind: 'unswap-databases';
  /** Those that may have restored files open: they are stopped first where a swap was begun. Empty for servers. */
  levels: readonly (readonly RunningContainer[])[];
}

/** Delete the databases that SwapDatabases kept. */
export interface DropOldDatabases extends RestoresDatabases {
  kind: 'drop-old-databases';
}

export async function loadDatabases(step: LoadDatabases, context: StepContext): Promise<void> {
  await eachServer(step, context, (engine, ...rest) => engine.load(...rest), plannedServerOf);
}

/**
 * Once more where it was cut off: clients may write to what was swapped in already, and what they were told is done would be
 * lost on the way back.
 */
export async function swapDatabases(step: SwapDatabases, context: StepContext): Promise<void> {
  await onServersThatRan(step, context, ['NOT_RUNNING', 'CUT_OFF'], () =>
    eachServer(step, context, (engine, ...rest) => engine.swap(...rest)),
  );
}

export async function unswapDatabases(step: UnswapDatabases, context: StepContext): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await eachServer(step, context, async (engine, ...rest) => {
        if (step.levels.length > 0 && (await engine.isSwapped?.(...rest)) === true)
          await stopWriters({ ...step, kind: 'stop-writers' }, context);
        await engine.unswap(...rest);
      });
      return;
    } catch (error) {
      if (attempt === UNSWAP_ATTEMPTS) throw error;
      context.onLine(`${messageOf(error)}; once more`);
      await delay(PAUSE_MS);
      await startServers(step, context);
    }
  }
}

export async function dropOldDatabases(step: DropOldDatabases, context: StepContext): Promise<void> {
  await onServersThatRan(step, context, ['NOT_RUNNING'], () =>
    eachServer(step, context, (engine, ...rest) => engine.drop(...rest)),
  );
}

/** Does `work`; after an error with one of these codes again, with servers that have ended (the engine was restarted) started. */
async function onServersThatRan(
  step: RestoresDatabases,
  context: StepContext,
  codes: readonly string[],
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof RewindError && codes.includes(error.code)) || context.signal.aborted) throw error;
    context.onLine(`${error.message}; once more`);
    await startServers(step, context);
    await work();
  }
}

/** The engine may notice only now that a server died: those that ran when the plan was made have to run to its end. */
async function startServers(step: RestoresDatabases, context: StepContext): Promise<void> {
  const online = new Set<string>();
  for (const { service } of step.servers)
    if ((await engineFor(service.kind)).online) online.add(service.service);
  const containers = await listContainers(context.runner, context.scope.project);
  const ended = containers.filter(
    ({ service, status }) => online.has(service) && (status === 'exited' || status === 'dead'),
  );
  if (ended.length > 0) await context.runner.run(startArgv(ended.map(({ id }) => id)));
}

const UNSWAP_ATTEMPTS = 4;
const PAUSE_MS = 1000;

async function eachServer(
  step: RestoresDatabases,
  context: StepContext,
  work: (
    engine: DatabaseEngine,
    server: Server,
    request: LoadRequest,
    context: EngineContext,
  ) => Promise<void>,
  find = serverOf,
): Promise<void> {
  const store = openStore(step.store, context.scope.directory);
  const place = { store, point: step.point, signal: context.signal };
  for (const { service, targets } of step.servers) {
    const server = await find(service, context);
    const request: LoadRequest = {
      restore: step.restore,
      targets,
      read: (file) => verified(place, file),
      check: (file, onBytes) => checkFile(place, file, onBytes),
      pathOf: async ({ path }) => store.pathOf?.(step.point, path),
      workDirectory: await serverDirectory(service.service, context),
    };
    await work(await engineFor(service.kind), server, request, await engineContext(service.service, context));
  }
}
