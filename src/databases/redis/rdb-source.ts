import { Readable } from 'node:stream';
import { lastLine } from '../../docker/engine-error.ts';
import { execScriptArgv } from '../../docker/exec.ts';
import { RewindError } from '../../errors.ts';
import type { EngineContext } from '../engine.ts';
import type { LiveServer } from './live-server.ts';
import { checkedRdb, type RdbReport } from './rdb-stream.ts';
import { DUMP } from './scripts.ts';

/**
 * All data of a server as an RDB file: what it sends to a replica, of one moment; nothing is written in the container.
 * `take` gets the checked bytes. Throws DUMP_FAILED where the server refuses, dies, or sends something else.
 */
export async function rdbOf<T>(
  live: LiveServer,
  context: EngineContext,
  take: (rdb: Readable) => Promise<T>,
): Promise<{ report: RdbReport; value: T }> {
  const found: RdbReport[] = [];
  const said: string[] = [];
  const unusable = (why: string): RewindError => dumpFailed(live, `the server sent no usable dump: ${why}`);
  const { result, value } = await context.runner
    .stream(execScriptArgv(live.access.container, DUMP, live.access.arguments, { stdin: true }), {
      input: Readable.from([Buffer.from(live.access.secretLine)]),
      signal: context.signal,
      output: async (stdout) => ({
        taken: await take(Readable.from(checkedRdb(stdout, (report) => void found.push(report), unusable))),
      }),
      onLine: (line) => said.push(line),
    })
    .catch((error: unknown) => {
      // What arrived is no dump: the client may have said why.
      const why = said.findLast(
        (line) => line !== '' && !/^(sending|SYNC sent|Transfer finished)/.test(line),
      );
      if (error instanceof RewindError && error.code === 'DUMP_FAILED' && why !== undefined)
        throw dumpFailed(live, why);
      throw error;
    });
  const [report] = found;
  if (result.exitCode !== 0 || value === undefined || report === undefined)
    throw dumpFailed(live, lastLine(result));
  return { report, value: value.taken };
}

function dumpFailed({ service }: LiveServer, why: string): RewindError {
  return new RewindError('DUMP_FAILED', `the dump of ${service} failed: ${why}`, {
    hint: `docker compose logs ${service} may say more; a user of its own needs SYNC, PSYNC and REPLCONF`,
  });
}
