import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseArtifact, DatabaseService } from '../../databases/engine.ts';
import { engineFor } from '../../databases/engines.ts';
import { RewindError } from '../../errors.ts';
import { slugOf } from '../../restore-points/slug.ts';
import { inParallel } from '../../restore-points/volume/parallel.ts';
import { openStore } from '../../stores/open.ts';
import { writeDurably } from '../durable.ts';
import type { PointPlace } from './archive-volumes.ts';
import type { StepBase, StepContext } from './context.ts';
import { engineContext, plannedServerOf } from './database-server.ts';

/** Dump the databases of running servers into a point under way, all servers at the same time. */
export interface DumpDatabases extends StepBase, PointPlace {
  kind: 'dump-databases';
  services: readonly DatabaseService[];
  /** Count the rows in the dumps' own snapshots. */
  counts: boolean;
}

export async function dumpDatabases(step: DumpDatabases, context: StepContext): Promise<void> {
  const writer = await openStore(step.store, context.scope.directory).writer(step.point);
  const dumped = new Map<string, DatabaseArtifact[]>();
  await inParallel(step.services, step.services.length, context.signal, async (service, signal) => {
    const below = `databases/${slugOf(service.service)}`;
    const server = await plannedServerOf(service, context);
    const engine = await engineFor(service.kind);
    const artifacts = await engine.dump(
      server,
      { counts: step.counts, write: (path, content) => writer.write(`${below}/${path}`, content) },
      { ...(await engineContext(service.service, context)), signal },
    );
    if (artifacts.length === 0 || artifacts.some(({ dump }) => dump.bytes === 0))
      throw new RewindError('DUMP_FAILED', `the dump of ${service.service} came out empty`);
    dumped.set(service.service, artifacts);
  });
  const artifacts = step.services.flatMap(({ service }) => dumped.get(service) ?? []);
  await writeDurably(join(context.workDirectory, RECORD), JSON.stringify(artifacts));
}

const RECORD = 'dumped.json';

/** What the dumps came to; undefined where there were none. */
export async function dumpedDatabases(workDirectory: string): Promise<DatabaseArtifact[] | undefined> {
  const text = await readFile(join(workDirectory, RECORD), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as DatabaseArtifact[]);
}
