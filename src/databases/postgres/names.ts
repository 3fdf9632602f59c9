import { createHash } from 'node:crypto';
import { withSuffix } from './sql.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Where a dump is loaded. */
export const loadingName = (database: string, restore: string): string =>
  withSuffix(database, `__restore_${restore}`, sha256);

/** Where the replaced database is kept. */
export const keptName = (database: string, restore: string): string =>
  withSuffix(database, `__before_${restore}`, sha256);

/** Whether a database is one that a restore made or keeps. */
export const isOfRestore = (database: string): boolean => /__(?:restore|before)_[0-9a-f]{6}$/.test(database);

/** What the sessions of a restore are called in pg_stat_activity; 63 bytes at most. */
export const sessionName = (restore: string): string => `docker-rewind ${restore}`;

/** The beginning of the names of files that a restore may leave in the container. */
export const fileName = (restore: string): string => `docker-rewind-${restore}-`;
