import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, link, open, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { RewindError } from '../errors.ts';
import { makePrivateDirectory, syncDirectory, writeDurably } from '../plan/durable.ts';
import { diskError } from '../plan/state-directory.ts';
import type { PointWriter, Store, StoredFile } from './store.ts';

const MANIFEST = 'manifest.json';
const PARTIAL = '.partial-';
// Written back while more comes, so that the last sync has little to wait for.
const SYNC_EVERY = 32 * 1024 * 1024;

/** Points as directories below one directory. A point under way has another name until its manifest is written. */
export class LocalStore implements Store {
  readonly location: string;
  readonly #root: string;

  constructor(location: string, root: string) {
    this.location = location;
    this.#root = root;
  }

  async list(): Promise<string[]> {
    const names = await readdir(this.#root).catch(() => []);
    const points = await Promise.all(
      names
        .filter((name) => !name.startsWith('.'))
        .map(async (name) =>
          stat(join(this.#root, name, MANIFEST)).then(
            () => [name],
            () => [],
          ),
        ),
    );
    return points.flat();
  }

  async manifest(id: string): Promise<string | undefined> {
    return readFile(join(this.#root, id, MANIFEST), 'utf8').catch(() => undefined);
  }

  async read(id: string, path: string): Promise<Readable> {
    const file = join(this.#root, id, path);
    const present = await stat(file).catch(() => undefined);
    if (present?.isFile() !== true) {
      throw new RewindError('NO_ARTIFACT', `${file} is missing: the restore point ${id} is damaged`, {
        exit: 'refused',
        hint: 'docker rewind list shows the others',
      });
    }
    return createReadStream(file, { highWaterMark: 1024 * 1024 });
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
          const [source, target] = [join(this.#root, point, file.path), await place(path)];
          await rm(target, { force: true });
          await link(source, target).catch(() => copyFile(source, target));
          return { ...file, path };
        }),
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

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    return work().catch((error: unknown) => {
      throw diskError(error, this.#root);
    });
  }
}

async function writeHashed(
  path: string,
  content: AsyncIterable<Uint8Array>,
): Promise<Omit<StoredFile, 'path'>> {
  const hash = createHash('sha256');
  const file = await open(path, 'w', 0o600);
  let bytes = 0;
  let unsynced = 0;
  let syncing: Promise<void> | undefined;
  try {
    for await (const chunk of content) {
      hash.update(chunk);
      await file.writeFile(chunk);
      bytes += chunk.length;
      unsynced += chunk.length;
      if (unsynced < SYNC_EVERY || syncing !== undefined) continue;
      unsynced = 0;
      syncing = file.datasync().then(() => (syncing = undefined));
      syncing.catch(() => {});
    }
    await syncing;
    await file.sync();
  } finally {
    await file.close();
  }
  return { bytes, sha256: hash.digest('hex') };
}

async function syncTree(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) await syncTree(join(directory, entry.name));
  }
  await syncDirectory(directory);
}
