import { createHash } from 'node:crypto';

/** Plain keys stay as they are; others get a hash so that no two fall together. */
export function slugOf(key: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(key)) return key;
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 8);
  return `${key.replace(/[^A-Za-z0-9_-]/g, '_')}-${hash}`.replace(/^-/, '_');
}
