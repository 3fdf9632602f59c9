import { createReadStream } from 'node:fs';
import {
  copyFile,
  link,
  lstat,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  statfs,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { messageOf, RewindError } from '../errors.ts';
import { makePrivateDirectory, syncDirectory, writeDurably } from '../plan/durable.ts';
import { diskError } from '../plan/state-directory.ts';
import { writeHashed } from './hashed-file.ts';
import { isPointId, LONGEST_MANIFEST, type PointWriter, type Store } from './store.ts';

const MANIFEST = 'manifest.json';
const PARTIAL = '.partial-';

/** Points as directories below one directory. A point under way has another name until its manifest is written. */
export class LocalStore implements Store {
  readonly location: string;
  readonly #root: string;

  constructor(location: string, root: string) {
    this.location = location;
    this.#root = root;
  }

  async list(): Promise<string[]> {
    const names = await readdir(this.#root).catch((error: unknown) => this.#absent(error, this.#root) ?? []);
    const points = await Promise.all(
      names.filter(isPointId).map(async (name) => {
        // What cannot be looked at is listed: whoever reads it is told why.
        const manifest = await this.#file(name, MANIFEST).catch(() => MANIFEST);
        return manifest === undefined ? [] : [name];
      }),
    );
    return points.flat();
  }

  async manifest(id: string): Promise<string | undefined> {
    const file = await this.#file(id, MANIFEST);
    if (file === undefined) return undefined;
    if ((await stat(file)).size > LONGEST_MANIFEST) throw damaged(id, `${MANIFEST} is too long`);
    return readFile(file, 'utf8').catch((error: unknown) => this.#absent(error, file));
  }

  async read(id: string, path: string): Promise<Readable> {
    return createReadStream(await this.#present(id, path), { highWaterMark: 1024 * 1024 });
  }

  async pathOf(id: string, path: string): Promise<string> {
    return this.#present(id, path);
  }

  async writer(id: string): Promise<PointWriter> {
    const directory = join(this.#root, PARTIAL + id);
    await this.#guarded(() => makePrivateDirectory(directory));
    const place = async (path: string): Promise<string> => {
      const file = join(directory, path);
      await makePrivateDirectory(dirname(file));
      return file;
    };
    return {
      write: (path, content) =>
        this.#guarded(async () => ({ path, ...(await writeHashed(await place(path), content)) })),
      adopt: ({ point, file }, path) =>
        this.#guarded(async () => {
          const [source, target] = [await this.#present(point, file.path), await place(path)];
          await rm(target, { force: true });
          await link(source, target).catch(() => copyFile(source, target));
          return { ...file, path };
        }),
      drop: (path) => this.#guarded(() => rm(join(directory, path), { force: true })),
      commit: (manifest) =>
        this.#guarded(async () => {
          await syncTree(directory);
          await writeDurably(join(directory, MANIFEST), manifest);
          await rename(directory, join(this.#root, id));
          await syncDirectory(this.#root);
        }),
    };
  }

  async discard(id: string): Promise<void> {
    await rm(join(this.#root, PARTIAL + id), { recursive: true, force: true });
  }

  async freeBytes(): Promise<number | undefined> {
    for (let path = this.#root; ; path = dirname(path)) {
      const found = await statfs(path).catch(() => undefined);
      if (found !== undefined) return found.bavail * found.bsize;
      if (path === dirname(path)) return undefined;
    }
  }

  async #present(id: string, path: string): Promise<string> {
    const file = await this.#file(id, path);
    if (file !== undefined) return file;
    const missing = join(this.#root, id, path);
    throw new RewindError('NO_ARTIFACT', `${missing} is missing: the restore point ${id} is damaged`, {
      exit: 'refused',
      hint: 'docker rewind list shows the others',
    });
  }

  /**
   * Where a file of a point is; undefined where there is none. A point may come from anywhere: a link in it, or anything
   * that is no plain file, would have us read what is not the point's. Throws DAMAGED for these.
   */
  async #file(id: string, path: string): Promise<string | undefined> {
    if (!isPointId(id)) return undefined;
    try {
      const file = join(await realpath(this.#root), id, path);
      const real = await realpath(file);
      if (real !== file) throw damaged(id, `${path} is a link, or in one`);
      if (!(await lstat(file)).isFile()) throw damaged(id, `${path} is no plain file`);
      return file;
    } catch (error) {
      return this.#absent(error, join(this.#root, id, path));
    }
  }

  /** Undefined for what is not there; throws for what is there and cannot be read. */
  #absent(error: unknown, path: string): undefined {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (error instanceof RewindError) throw error;
    throw new RewindError('STORE_UNREADABLE', `${path} cannot be read: ${messageOf(error)}`, {
      hint: 'Run as the owner of the project directory; docker rewind doctor says more',
      cause: error,
    });
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    return work().catch((error: unknown) => {
      throw diskError(error, this.#root);
    });
  }
}

function damaged(id: string, why: string): RewindError {
  return new RewindError('DAMAGED', `the restore point ${id} is damaged: ${why}`, {
    exit: 'refused',
    hint: 'docker rewind list shows the others',
  });
}

async function syncTree(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) await syncTree(join(directory, entry.name));
  }
  await syncDirectory(directory);
}
