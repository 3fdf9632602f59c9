import { resolve } from 'node:path';
import { RewindError } from '../errors.ts';
import { LocalStore } from './local.ts';
import type { Store } from './store.ts';

/** Where points go when `x-rewind.stores` says nothing, relative to the project directory. */
export const DEFAULT_STORE = '.rewind/points';

/** The store of a location as `x-rewind.stores` gives it. Throws UNKNOWN_STORE (exit 2) for a kind that is not known. */
export function openStore(location: string, projectDirectory: string): Store {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(location)) {
    throw new RewindError('UNKNOWN_STORE', `${location} is no store that this version knows`, {
      exit: 'usage',
      hint: 'x-rewind.stores takes directories, like .rewind/points or /srv/backups/shop',
    });
  }
  return new LocalStore(location, resolve(projectDirectory, location));
}
