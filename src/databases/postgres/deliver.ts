import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { execScriptArgv } from '../../docker/exec.ts';
import type { Argv } from '../../docker/runner.ts';
import type { StoredFile } from '../../stores/store.ts';
import type { LoadRequest } from '../engine.ts';
import type { ContainerFacts } from './container-facts.ts';
import { fileName } from './names.ts';
import { together, type Access } from './psql.ts';
import { singleFileArchive } from './single-file-archive.ts';

/** Room that is left beside a dump. */
const RESERVE = 64 * 1024 * 1024;

const copyArgv = (source: string, container: string, path: string): Argv => [
  'docker',
  'cp',
  source,
  `${container}:${path}`,
];

interface Delivery {
  dump: StoredFile;
  container: ContainerFacts;
}

/**
 * Puts a stored dump into a file in the server's container, and returns its path; undefined where there is no place for it
 * or the engine puts none there: then it has to go in through the standard input of its load. `docker cp` takes less than
 * half of the time that `docker exec` takes for that. The stored bytes are checked on their way: damaged ones throw. A
 * file that nobody is left to remove goes with the others of its restore (REMOVE_FILES).
 */
export async function deliver(
  access: Access,
  request: LoadRequest,
  delivery: Delivery,
  onBytes: (bytes: number) => void,
): Promise<string | undefined> {
  const { dump, container } = delivery;
  const place = container.places.find(({ free }) => free > dump.bytes + RESERVE);
  if (place === undefined) return undefined;
  const name = `${fileName(request.restore)}${randomBytes(3).toString('hex')}.dump`;
  const file = `${place.path}/${name}`;
  // It comes with the owner that it has on this host, whoever that is there.
  const path = container.readsAll ? await request.pathOf(dump) : undefined;
  const copied = path !== undefined && (await copyFile(access, request, dump, { path, file, onBytes }));
  if (copied || (await sendFile(access, request, delivery, { directory: place.path, name, onBytes })))
    return file;
  // Part of it may be there.
  await access.context.runner.run(execScriptArgv(access.server.container, 'rm -f "$1"', [file]));
  return undefined;
}

/** Has the engine's client read the file by itself, and checks it at the same time: that takes half as long as to send it. */
async function copyFile(
  access: Access,
  request: LoadRequest,
  dump: StoredFile,
  { path, file, onBytes }: { path: string; file: string; onBytes: (bytes: number) => void },
): Promise<boolean> {
  let copied = false;
  await together(access, [
    async ({ server, context: { runner, signal } }) => {
      const { exitCode } = await runner.run(copyArgv(path, server.container, file), { signal });
      copied = exitCode === 0;
    },
    async ({ context: { signal } }) => {
      let bytes = 0;
      await request.check(dump, (more) => {
        signal.throwIfAborted();
        onBytes((bytes += more));
      });
    },
  ]);
  return copied;
}

/** Sends the file as a tar archive on the standard input, with the owner that it needs there. */
async function sendFile(
  { server, context }: Access,
  request: LoadRequest,
  { dump, container: { uid, gid } }: Delivery,
  { directory, name, onBytes }: { directory: string; name: string; onBytes: (bytes: number) => void },
): Promise<boolean> {
  const archive = singleFileArchive({ name, bytes: dump.bytes, uid, gid }, await request.read(dump), onBytes);
  const { result } = await context.runner.stream(copyArgv('-', server.container, directory), {
    input: Readable.from(archive, { objectMode: false }),
    signal: context.signal,
    output: async (stdout) => {
      for await (const _ of stdout) continue;
    },
  });
  return result.exitCode === 0;
}
