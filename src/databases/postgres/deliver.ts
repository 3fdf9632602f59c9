import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { execScriptArgv } from '../../docker/exec.ts';
import type { Argv } from '../../docker/runner.ts';
import type { StoredFile } from '../../stores/store.ts';
import type { LoadRequest } from '../engine.ts';
import type { ContainerFacts } from './container-facts.ts';
import { fileName } from './names.ts';
import type { Access } from './psql.ts';
import { singleFileArchive } from './single-file-archive.ts';

/** Room that is left beside a dump. */
const RESERVE = 64 * 1024 * 1024;

/** The archive comes on the standard input. */
const copyIntoArgv = (container: string, path: string): Argv => ['docker', 'cp', '-', `${container}:${path}`];

/**
 * Puts a stored dump into a file in the server's container, and returns its path; undefined where there is no place for it
 * or the engine puts none there: then it has to go in through the standard input of its load. `docker cp` takes less than
 * half of the time that `docker exec` takes for that. The stored bytes are checked on their way: damaged ones throw. A
 * file that nobody is left to remove goes with the others of its restore (REMOVE_FILES).
 */
export async function deliver(
  { server, context }: Access,
  request: LoadRequest,
  { dump, container: { uid, gid, places } }: { dump: StoredFile; container: ContainerFacts },
  onBytes: (bytes: number) => void,
): Promise<string | undefined> {
  const place = places.find(({ free }) => free > dump.bytes + RESERVE);
  if (place === undefined) return undefined;
  const name = `${fileName(request.restore)}${randomBytes(3).toString('hex')}.dump`;
  const file = `${place.path}/${name}`;
  const stored = await request.read(dump);
  const archive = singleFileArchive({ name, bytes: dump.bytes, uid, gid }, stored, onBytes);
  const { result } = await context.runner.stream(copyIntoArgv(server.container, place.path), {
    input: Readable.from(archive, { objectMode: false }),
    signal: context.signal,
    output: async (stdout) => {
      for await (const _ of stdout) continue;
    },
  });
  if (result.exitCode === 0) return file;
  // Part of it may be there.
  await context.runner.run(execScriptArgv(server.container, 'rm -f "$1"', [file]));
  return undefined;
}
