import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';
import { RewindError } from '../../errors.ts';
import { syncDirectory, writeDurably } from '../../plan/durable.ts';
import type { DatabaseEngine, EngineContext, LoadRequest, Server } from '../engine.ts';
import { commandsOf, endRun, runDump, runRestore } from './commands.ts';

/** The present data, dumped right before it was replaced; on this host. */
const BEFORE = 'before.zst';
/** From here on the service may hold other data. */
const BEGUN = 'begun';

/**
 * A service with commands of its own. There is nothing beside the live data here: what is kept is a dump of it, taken
 * right before the restore command runs, and the way back is the restore command with that dump.
 */
export const custom: DatabaseEngine = {
  separates: false,
  online: true,

  async observe(server) {
    commandsOf(server);
    return { version: '', databases: [{ name: server.service, bytes: 0 }] };
  },

  async dump(server, request, context) {
    const takenAt = new Date().toISOString();
    const { bytes, value } = await runDump(server, runName(server, takenAt), context, (content) =>
      request.write('data.zst', content),
    );
    return [
      {
        key: `${server.service}/${server.service}`,
        service: server.service,
        engine: 'custom',
        version: '',
        database: server.service,
        dump: value,
        globals: null,
        tables: null,
        takenAt,
        finishedAt: new Date().toISOString(),
        serverBytes: bytes,
        details: { bytes },
        notes: [],
      },
    ];
  },

  advise: () => [
    'its restore command works on the live data; where anything fails, it runs again with a dump taken right before',
  ],

  /** Every byte is read once: a dump that does not unpack must not reach the live data. */
  async load(server, request, context) {
    const { artifact } = onlyTarget(server, request);
    let bytes = 0;
    await pipeline(await request.read(artifact.dump), createZstdDecompress(), async (plain) => {
      for await (const chunk of plain as AsyncIterable<Buffer>) {
        context.onProgress(server.service, (bytes += chunk.length));
        if (bytes > Number(artifact.details['bytes'])) break;
      }
    });
    if (bytes !== artifact.details['bytes']) {
      throw new RewindError(
        'NOT_EQUAL',
        `the dump of ${server.service} has ${bytes} bytes, ${String(artifact.details['bytes'])} were dumped`,
        {
          exit: 'refused',
        },
      );
    }
  },

  async swap(server, request, context) {
    const { artifact } = onlyTarget(server, request);
    const run = runName(server, request.restore);
    if (!(await exists(request, BEFORE))) await keepPresent(server, request, context);
    await endRun(server, run, context);
    await writeDurably(join(request.workDirectory, BEGUN), '');
    await runRestore(server, run, context, await request.read(artifact.dump));
  },

  async unswap(server, request, context) {
    await endRun(server, runName(server, request.restore), context);
    if (await exists(request, BEGUN)) {
      const kept = createReadStream(join(request.workDirectory, BEFORE));
      await runRestore(server, runName(server, request.restore), context, kept);
    }
    await forget(request);
  },

  drop: (_, request) => forget(request),
};

async function keepPresent(server: Server, request: LoadRequest, context: EngineContext): Promise<void> {
  const path = join(request.workDirectory, BEFORE);
  await runDump(server, runName(server, request.restore), context, async (content) => {
    await pipeline(content, createWriteStream(`${path}.part`, { mode: 0o600 }));
  });
  const handle = await open(`${path}.part`, 'r');
  await handle.sync().finally(() => handle.close());
  await rename(`${path}.part`, path);
  await syncDirectory(request.workDirectory);
}

async function forget({ workDirectory }: LoadRequest): Promise<void> {
  // The mark first: without it nothing is put back.
  for (const name of [BEGUN, BEFORE, `${BEFORE}.part`]) await rm(join(workDirectory, name), { force: true });
}

async function exists({ workDirectory }: LoadRequest, name: string): Promise<boolean> {
  return stat(join(workDirectory, name)).then(
    () => true,
    () => false,
  );
}

/** A name for the processes of one run, which nothing else has. */
const runName = ({ service }: Server, id: string): string => `${service}-${id.replace(/[^A-Za-z0-9]/g, '')}`;

function onlyTarget(server: Server, { targets }: LoadRequest) {
  const [target] = targets;
  if (target === undefined || targets.length > 1)
    throw new Error(`${targets.length} dumps for ${server.service}`);
  return target;
}
