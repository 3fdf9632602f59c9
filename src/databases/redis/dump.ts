import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';
import type { DatabaseArtifact, DumpRequest, EngineContext, Server } from '../engine.ts';
import type { RdbDetails } from './details.ts';
import { versionText, withServer } from './live-server.ts';
import { modulesOf } from './modules.ts';
import { rdbOf } from './rdb-source.ts';

const COMPRESSION = {
  params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 },
};
const DUMP_NAME = 'data.rdb.zst';

/** One RDB file of everything. */
export async function dumpServer(
  server: Server,
  request: DumpRequest,
  context: EngineContext,
): Promise<DatabaseArtifact[]> {
  return withServer(server, context, async (live) => {
    const memory = await live.session.info('memory');
    const modules = (await modulesOf(live.session)).map(({ name }) => name);
    const started = new Date();
    const { report, value } = await rdbOf(live, context, async (rdb) => {
      const compressed = createZstdCompress(COMPRESSION);
      let bytes = 0;
      const counted = async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
        for await (const chunk of source) {
          yield chunk;
          context.onProgress(server.service, (bytes += chunk.length));
        }
      };
      const [, stored] = await Promise.all([
        pipeline(rdb, counted, compressed),
        request.write(DUMP_NAME, compressed),
      ]);
      return stored;
    });
    const { keys } = report;
    const databases = keys.complete ? keys.databases : null;
    const created = Number(keys.aux.get('ctime')) * 1000;
    const details: RdbDetails = {
      product: live.product,
      format: report.format,
      rdbBytes: report.bytes,
      databases,
      functions: keys.functions,
      modules,
      usedMemory: Number(memory.get('used_memory') ?? 0),
    };
    return [
      {
        key: `${server.service}/${server.service}`,
        service: server.service,
        engine: 'redis',
        version: versionText(live),
        database: server.service,
        dump: value,
        globals: null,
        tables:
          request.counts && databases !== null
            ? databases.map(({ number, keys: rows }) => ({ name: `db${number}`, rows }))
            : null,
        takenAt: (created >= started.getTime() - 1000 ? new Date(created) : started).toISOString(),
        finishedAt: new Date().toISOString(),
        serverBytes: details.usedMemory,
        details: { ...details },
        notes: [
          ...(report.checksummed
            ? []
            : ['the server writes no checksums (rdbchecksum no): its keys were read to the end instead']),
          ...(databases === null ? [`its keys were not counted: ${keys.unknown ?? 'no end was found'}`] : []),
        ],
      },
    ];
  });
}
