import { RewindError } from '../errors.ts';
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
  /** ISO 8601; seconds since 1970 where that is no date. */
  modified: string;
}

/** ISO 8601; what no calendar has, as the seconds that they are. */
function timeText(seconds: string): string {
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? seconds : date.toISOString();
}

/** All of them are held in memory. */
const MOST_LISTED = 5_000_000;

function tooMany(key: string, point: string): RewindError {
  return new RewindError(
    'TOO_MANY_FILES',
    `${key} of ${point} has more than ${MOST_LISTED} files: they cannot be listed`,
    {
      exit: 'refused',
      hint: `docker rewind restore ${point} --only ${key} --to-volume NAME puts them into a new volume to look at`,
    },
  );
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
    if (files.length === MOST_LISTED) throw tooMany(key, manifest.id);
    files.push({
      path: Buffer.from(entry.path, 'latin1').toString('utf8'),
      type: entry.type,
      mode: entry.mode,
      size: entry.size,
      modified: timeText(entry.mtime),
    });
  }
  return files;
}
