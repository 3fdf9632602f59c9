import type { DatabaseEngine } from '../engine.ts';
import { dumpFiles } from './dump.ts';
import { observeFiles } from './files.ts';
import { clearFiles, isSwapped, loadFiles, swapFiles, unswapFiles } from './restore.ts';

/**
 * SQLite: files in the volumes of a service. A helper container with sqlite3 copies them while they are used; a restore
 * puts a checked copy beside them and swaps by renaming while nobody has them open.
 */
export const sqlite: DatabaseEngine = {
  separates: false,
  online: false,
  observe: observeFiles,
  dump: dumpFiles,
  advise: () => [],
  load: loadFiles,
  swap: swapFiles,
  isSwapped,
  unswap: unswapFiles,
  drop: clearFiles,
};
