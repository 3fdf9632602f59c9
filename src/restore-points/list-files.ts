import { openStore } from '../stores/open.ts';
import type { Manifest } from './manifest.ts';
import { artifactOf } from './restore-plan.ts';
import { verified } from './verified.ts';
import { storedIndex } from './volume/index-source.ts';

/** One entry of a volume as a restore point has it. Bytes of the name that are no UTF-8 are replaced. */
export interface ListedFile {
  path: string;
  type: string;
  /** Octal. */
  mode: string;
  /** Bytes. */
  size: number;
  /** ISO 8601 */
  modified: string;
}

/** What is in one volume of a point. */
export async function listFiles(
  manifest: Manifest,
  location: string,
  directory: string,
  key: string,
): Promise<ListedFile[]> {
  const volume = artifactOf(manifest, key);
  const signal = new AbortController().signal;
  const store = openStore(location, directory);
  const index = storedIndex(await verified({ store, point: manifest.id, signal }, volume.index));
  const files: ListedFile[] = [];
  for (let entry = await index.next(); entry !== undefined; entry = await index.next()) {
    files.push({
      path: Buffer.from(entry.path, 'latin1').toString('utf8'),
      type: entry.type,
      mode: entry.mode,
      size: entry.size,
      modified: new Date(Number(entry.mtime) * 1000).toISOString(),
    });
  }
  return files;
}
