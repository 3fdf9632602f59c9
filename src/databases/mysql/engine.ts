import type { DatabaseEngine } from '../engine.ts';
import { observeServer } from './catalog.ts';
import { dumpServer } from './dump.ts';
import { loadServer } from './load.ts';
import { dropOld, swapServer, unswapServer } from './swap.ts';
import { adviseVersion } from './versions.ts';

/** MySQL and MariaDB: the same protocol and statements, tools of different names. */
export const mysql: DatabaseEngine = {
  separates: true,
  online: true,
  observe: (server, context) => observeServer({ server, context, patience: 10 }),
  dump: dumpServer,
  advise: (artifact, state) => adviseVersion(artifact.version, state.version),
  load: loadServer,
  swap: swapServer,
  unswap: unswapServer,
  drop: dropOld,
};
