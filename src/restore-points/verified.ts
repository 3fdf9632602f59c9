import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RewindError } from '../errors.ts';
import type { Store, StoredFile } from '../stores/store.ts';

/** A stored file as a stream that fails at its end when its bytes are not those of the manifest. */
export async function verified(
  { store, point, signal }: { store: Store; point: string; signal: AbortSignal },
  file: StoredFile,
  onBytes: (bytes: number) => void = () => {},
): Promise<Readable> {
  const reading = new Reading(point, file);
  const check = new Transform({
    transform(chunk: Buffer, _, done) {
      onBytes(chunk.length);
      done(reading.add(chunk), chunk);
    },
    flush(done) {
      done(reading.end());
    },
  });
  pipeline(await store.read(point, file.path), check, { signal }).catch((error: Error) =>
    check.destroy(error),
  );
  return check;
}

/** What was read of a stored file, against what the manifest says of it. */
class Reading {
  readonly #point: string;
  readonly #file: StoredFile;
  readonly #hash = createHash('sha256');
  #bytes = 0;

  constructor(point: string, file: StoredFile) {
    this.#point = point;
    this.#file = file;
  }

  /** What is wrong so far; null: nothing. */
  add(chunk: Uint8Array): RewindError | null {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    return this.#bytes > this.#file.bytes ? this.#damaged('it is too long') : null;
  }

  /** What is wrong with all of it; null: nothing. */
  end(): RewindError | null {
    if (this.#bytes < this.#file.bytes) return this.#damaged('it is cut off');
    return this.#hash.digest('hex') === this.#file.sha256 ? null : this.#damaged('its checksum is wrong');
  }

  #damaged(why: string): RewindError {
    return damaged(this.#point, this.#file.path, why);
  }
}

const CHUNK = 1024 * 1024;

/**
 * Reads a stored file and throws DAMAGED when its bytes are not those of the manifest. One on this host is read into the
 * same memory again and again: that takes half of the time.
 */
export async function checkFile(
  place: { store: Store; point: string; signal: AbortSignal },
  file: StoredFile,
  onBytes: (bytes: number) => void = () => {},
): Promise<void> {
  const { store, point, signal } = place;
  const path = await store.pathOf?.(point, file.path);
  if (path === undefined) {
    for await (const _ of await verified(place, file, onBytes)) continue;
    return;
  }
  const reading = new Reading(point, file);
  const handle = await open(path);
  let wrong: RewindError | null = null;
  try {
    const read = (memory: Buffer) => handle.read(memory, 0, CHUNK);
    let [now, next] = [Buffer.allocUnsafeSlow(CHUNK), Buffer.allocUnsafeSlow(CHUNK)];
    for (let found = await read(now); found.bytesRead > 0 && wrong === null;) {
      signal.throwIfAborted();
      const coming = read(next);
      // Where something else ends this first.
      coming.catch(() => {});
      wrong = reading.add(now.subarray(0, found.bytesRead));
      onBytes(found.bytesRead);
      found = await coming;
      [now, next] = [next, now];
    }
  } finally {
    await handle.close();
  }
  wrong ??= reading.end();
  if (wrong !== null) throw wrong;
}

/** DAMAGED (exit 4): a stored file is not what the manifest says. */
export function damaged(point: string, path: string, why: string): RewindError {
  return new RewindError('DAMAGED', `${path} of the restore point ${point} is damaged: ${why}`, {
    exit: 'refused',
    hint: 'docker rewind list shows the others',
  });
}
