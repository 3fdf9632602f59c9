import { bytesText } from '../bytes-text.ts';
import { RewindError } from '../errors.ts';
import type { Store } from './store.ts';

/**
 * Refuses (NO_SPACE, exit 4) where a store has no room for so many bytes more. They are a guess: a write itself fails where
 * the disk is really full.
 */
export async function requireRoom(store: Store, bytes: number): Promise<void> {
  const free = await store.freeBytes();
  if (free === undefined || free > bytes) return;
  throw new RewindError(
    'NO_SPACE',
    `${store.location} has too little space: about ${bytesText(bytes)} are needed, ${bytesText(free)} are free`,
    { exit: 'refused', hint: 'Free some space, or name another directory in x-rewind.stores' },
  );
}
