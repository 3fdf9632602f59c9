import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmod, link, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from './manifest.ts';

const KEY = 'key';

/**
 * The mark of this project directory on a manifest: nobody without the key in `.rewind` can make it. What a manifest
 * says of its own origin (project, host) proves nothing, since whoever made the point wrote it.
 */
export async function originOf(stateDirectory: string, manifest: Omit<Manifest, 'origin'>): Promise<string> {
  return markOf(await ownKey(stateDirectory), manifest);
}

/** Whether a point was made in this project directory. One from elsewhere is foreign, also where it is one's own. */
export async function isOwn(stateDirectory: string, manifest: Manifest): Promise<boolean> {
  const key = await readFile(join(stateDirectory, KEY)).catch(() => undefined);
  if (key === undefined || typeof manifest.origin !== 'string') return false;
  const [stated, right] = [Buffer.from(manifest.origin), Buffer.from(markOf(key, manifest))];
  return stated.length === right.length && timingSafeEqual(stated, right);
}

function markOf(key: Buffer, manifest: Omit<Manifest, 'origin'>): string {
  const { origin: _, ...described } = manifest as Manifest;
  return createHmac('sha256', key).update(JSON.stringify(described)).digest('hex');
}

/** The key of a state directory; made by whoever needs it first. */
async function ownKey(stateDirectory: string): Promise<Buffer> {
  const path = join(stateDirectory, KEY);
  const present = await readFile(path).catch(() => undefined);
  if (present !== undefined && present.length > 0) return present;
  const temporary = `${path}.${randomBytes(4).toString('hex')}`;
  await writeFile(temporary, randomBytes(32), { mode: 0o600, flush: true });
  await chmod(temporary, 0o600);
  try {
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(temporary);
  }
  return readFile(path);
}
