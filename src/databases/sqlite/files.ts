import { insideHelper } from '../../docker/helper-container.ts';
import { RewindError } from '../../errors.ts';
import type { EngineContext, Server, ServerState } from '../engine.ts';
import { askHelper, newHelperName } from './helper.ts';
import { fileAt, fileNamed, mountsOf, type FileMount, type SqliteFile } from './mounts.ts';
import { FIND, SIZES } from './scripts.ts';

/** Where a file is in the helper. */
export const inHelper = ({ mount, path }: SqliteFile): string => `${insideHelper(mount.slug)}/${path}`;

/** The files that a service's settings name; without settings those that are found. */
export async function wantedFiles(server: Server, context: EngineContext): Promise<SqliteFile[]> {
  const mounts = await mountsOf(server, context);
  if (server.databases !== undefined) return namedFiles(server.databases, server.service, mounts);
  const found = await findFiles(server, mounts, context);
  if (found.length > 0) return found.map(({ file }) => file);
  throw new RewindError('NO_DATABASE', `no SQLite file was found in the volumes of ${server.service}`, {
    exit: 'refused',
    hint: `Name it: x-rewind.services.${server.service}.databases: [VOLUME:PATH]; files named *.db, *.sqlite and the like are found`,
  });
}

/** What files there are now. Settings may name one that is missing: a restore brings it back. */
export async function observeFiles(server: Server, context: EngineContext): Promise<ServerState> {
  const mounts = await mountsOf(server, context);
  if (server.databases === undefined) {
    const found = await findFiles(server, mounts, context);
    return { version: '', databases: found.map(({ file, bytes }) => ({ name: file.name, bytes })) };
  }
  const files = namedFiles(server.databases, server.service, mounts);
  const sizes = await askHelper(
    { name: newHelperName(), mounts, script: SIZES, args: files.map(inHelper) },
    `looking at the files of ${server.service}`,
    context,
  );
  const lines = sizes.split('\n');
  return {
    version: '',
    databases: files.flatMap(({ name }, index) =>
      /^\d+$/.test(lines[index] ?? '') ? [{ name, bytes: Number(lines[index]) }] : [],
    ),
  };
}

/** One file may be named in two ways. */
function namedFiles(names: readonly string[], service: string, mounts: readonly FileMount[]): SqliteFile[] {
  const files = names.map((text) => fileNamed(text, service, mounts));
  return [...new Map(files.map((file) => [file.name, file])).values()];
}

async function findFiles(
  server: Server,
  mounts: readonly FileMount[],
  context: EngineContext,
): Promise<{ file: SqliteFile; bytes: number }[]> {
  if (mounts.length === 0) return [];
  const roots = new Map(mounts.map((mount) => [insideHelper(mount.slug), mount]));
  const text = await askHelper(
    { name: newHelperName(), mounts, script: FIND, args: [...roots.keys()] },
    `looking for databases of ${server.service}`,
    context,
  );
  return text
    .split('\0')
    .filter((record) => record !== '')
    .map((record) => {
      const end = record.indexOf('\n');
      const path = record.slice(end + 1);
      const root = /^\/volumes\/[^/]+/.exec(path)?.[0] ?? '';
      const mount = roots.get(root);
      if (mount === undefined) throw new RewindError('HELPER_FAILED', `the helper found ${path}`);
      return { file: fileAt(mount, path.slice(root.length + 1)), bytes: Number(record.slice(0, end)) };
    })
    .toSorted((a, b) => (a.file.name < b.file.name ? -1 : 1));
}
