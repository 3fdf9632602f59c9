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
  const hash = createHash('sha256');
  let bytes = 0;
  const check = new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length;
      hash.update(chunk);
      onBytes(chunk.length);
      done(bytes > file.bytes ? damaged(point, file.path, 'it is too long') : null, chunk);
    },
    flush(done) {
      if (bytes < file.bytes) done(damaged(point, file.path, 'it is cut off'));
      else
        done(hash.digest('hex') === file.sha256 ? null : damaged(point, file.path, 'its checksum is wrong'));
    },
  });
  pipeline(await store.read(point, file.path), check, { signal }).catch((error: Error) =>
    check.destroy(error),
  );
  return check;
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
  const hash = createHash('sha256');
  const handle = await open(path);
  let bytes = 0;
  try {
    const read = (memory: Buffer) => handle.read(memory, 0, CHUNK);
    let [now, next] = [Buffer.allocUnsafeSlow(CHUNK), Buffer.allocUnsafeSlow(CHUNK)];
    for (let found = await read(now); found.bytesRead > 0 && bytes <= file.bytes;) {
      signal.throwIfAborted();
      const coming = read(next);
      // Where something else ends this first.
      coming.catch(() => {});
      hash.update(now.subarray(0, found.bytesRead));
      bytes += found.bytesRead;
      onBytes(found.bytesRead);
      found = await coming;
      [now, next] = [next, now];
    }
  } finally {
    await handle.close();
  }
  if (bytes > file.bytes) throw damaged(point, file.path, 'it is too long');
  if (bytes < file.bytes) throw damaged(point, file.path, 'it is cut off');
  if (hash.digest('hex') !== file.sha256) throw damaged(point, file.path, 'its checksum is wrong');
}

/** DAMAGED (exit 4): a stored file is not what the manifest says. */
export function damaged(point: string, path: string, why: string): RewindError {
  return new RewindError('DAMAGED', `${path} of the restore point ${point} is damaged: ${why}`, {
    exit: 'refused',
    hint: 'docker rewind list shows the others',
  });
}
