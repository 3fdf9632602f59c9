import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import type { StoredFile } from './store.ts';

// Written back while more comes, so that the last sync has little to wait for.
const SYNC_EVERY = 32 * 1024 * 1024;
// Small chunks are written together.
const GATHER = 1024 * 1024;

/** Writes a new file and syncs it; returns its bytes and their SHA-256. Keeps no chunk once it asks for the next one. */
export async function writeHashed(
  path: string,
  content: AsyncIterable<Uint8Array>,
): Promise<Omit<StoredFile, 'path'>> {
  const hash = createHash('sha256');
  // What was adopted under this name is another point's file, too: it must not be written into.
  await rm(path, { force: true });
  const file = await open(path, 'wx', 0o600);
  let gathered: Buffer | undefined;
  let used = 0;
  let bytes = 0;
  let unsynced = 0;
  let syncing: Promise<void> | undefined;
  const write = async (chunk: Uint8Array): Promise<void> => {
    await file.writeFile(chunk);
    unsynced += chunk.length;
    if (unsynced < SYNC_EVERY || syncing !== undefined) return;
    unsynced = 0;
    syncing = file.datasync().then(() => (syncing = undefined));
    syncing.catch(() => {});
  };
  const flush = async (): Promise<void> => {
    if (gathered !== undefined && used > 0) await write(gathered.subarray(0, used));
    used = 0;
  };
  try {
    for await (const chunk of content) {
      hash.update(chunk);
      bytes += chunk.length;
      const large = chunk.length > GATHER / 2;
      if (large || used + chunk.length > GATHER) await flush();
      if (large) await write(chunk);
      else {
        gathered ??= Buffer.allocUnsafeSlow(GATHER);
        gathered.set(chunk, used);
        used += chunk.length;
      }
    }
    await flush();
    await syncing;
    await file.sync();
  } finally {
    await file.close();
  }
  return { bytes, sha256: hash.digest('hex') };
}
