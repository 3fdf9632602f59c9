import type { DatabaseEngine, EngineContext, LoadRequest, Server } from '../engine.ts';
import { dumpServer } from './dump.ts';
import { adviseLoad, loadServer } from './load.ts';
import { sessionName } from './names.ts';
import type { Access } from './psql.ts';
import { look } from './look.ts';
import { goesByFile } from './run-restore.ts';
import { usersOwn } from './server.ts';
import { dropServer, swapServer, unswapServer } from './swap.ts';

/** Seconds that the way back gives a server that starts or recovers from a crash. */
const PATIENCE = 120;

const accessOf = (server: Server, request: LoadRequest, context: EngineContext): Access => ({
  server,
  context,
  session: sessionName(request.restore),
});

/** PostgreSQL 13 and newer: pg_dump, pg_dumpall and pg_restore of the server's own container. */
export const postgres: DatabaseEngine = {
  separates: true,
  online: true,
  observe: async (server, context) => {
    const state = await look({ server, context, session: 'docker-rewind look' });
    return { ...state, databases: usersOwn(state.databases) };
  },
  checksFirst: (artifact) => goesByFile(artifact),
  dump: dumpServer,
  advise: (artifact, state) => adviseLoad(artifact, state.version),
  load: (server, request, context) => loadServer(accessOf(server, request, context), request),
  swap: (server, request, context) => swapServer(accessOf(server, request, context), request),
  // Under another name: sessions of the first one are ended.
  unswap: (server, request, context) =>
    unswapServer({ server, context, session: 'docker-rewind undo', patience: PATIENCE }, request),
  drop: (server, request, context) =>
    dropServer({ ...accessOf(server, request, context), patience: PATIENCE }, request),
};
