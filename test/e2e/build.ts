import { mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';

/** The checkout. */
export const ROOT = join(import.meta.dirname, '..', '..');

const LOCK = join(ROOT, 'node_modules', '.docker-rewind-build');
const LOCK_TIMEOUT_MS = 30_000;

/** Builds dist when a source is newer: what the tests drive is what `npm install` would put there. */
export async function buildWhenStale(): Promise<void> {
  if (!isStale()) return;
  // The workers of a parallel run all arrive here at once; one builds.
  const release = await lock();
  try {
    if (isStale()) await execa('node', ['.ci/build.js'], { cwd: ROOT });
  } finally {
    release();
  }
}

function isStale(): boolean {
  const built = modified(join(ROOT, 'dist', 'licences.txt'));
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  return [...sources.map((path) => join('src', path)), 'package.json', '.ci/build.js'].some(
    (path) => modified(join(ROOT, path)) > built,
  );
}

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

async function lock(): Promise<() => void> {
  for (const deadline = Date.now() + LOCK_TIMEOUT_MS; ; await sleep(50)) {
    try {
      mkdirSync(LOCK);
      return () => rmdirSync(LOCK);
    } catch (error) {
      // Left behind by somebody who was killed: whoever waited long enough goes on without it.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || Date.now() > deadline) return () => undefined;
    }
  }
}
