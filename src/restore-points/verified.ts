import { createHash } from 'node:crypto';
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

/** DAMAGED (exit 4): a stored file is not what the manifest says. */
export function damaged(point: string, path: string, why: string): RewindError {
  return new RewindError('DAMAGED', `${path} of the restore point ${point} is damaged: ${why}`, {
    exit: 'refused',
    hint: 'docker rewind list shows the others',
  });
}
