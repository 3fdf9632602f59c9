import type { VolumeMode } from '../compose/rewind-config.ts';
import type { Runner } from '../docker/runner.ts';
import { RewindError } from '../errors.ts';
import type { Plan } from '../plan/plan.ts';
import { openStore } from '../stores/open.ts';
import { planBackup } from './backup-plan.ts';
import type { DataObservation } from './data-observation.ts';
import { parseManifest, type Manifest } from './manifest.ts';
import { selectData } from './data-selection.ts';
import { anonymousVolumes, leftDirectories } from './source.ts';

export interface TakeRequest {
  /** Keys or names; empty: everything. */
  names: readonly string[];
  parallel: number;
  /** Instead of every volume's own mode. */
  mode?: VolumeMode | undefined;
  /** Count the rows of databases. */
  counts: boolean;
}

/** Plans `backup`. `result` reads the manifest once the plan was carried out. */
export async function takePoint(
  runner: Runner,
  observation: DataObservation,
  request: TakeRequest,
): Promise<{ plan: Plan; notes: string[]; result: () => Promise<Manifest> }> {
  const { project, config, scope } = observation;
  const selection = selectData(project, config, request.names);
  const sources = selection.sources.map((source) => ({ ...source, mode: request.mode ?? source.mode }));
  if (sources.length === 0 && selection.databases.length === 0) {
    throw new RewindError(
      'NOTHING_TO_KEEP',
      'this project keeps nothing: it has no database and no volume that a service writes to',
      {
        exit: 'refused',
        hint: 'Name a volume in compose.yml; docker rewind backup then takes it',
      },
    );
  }
  const parts = await planBackup(runner, observation, {
    sources,
    databases: selection.databases,
    counts: request.counts,
    parallel: request.parallel,
    reason: 'backup',
    resumes: true,
    missing: 'refuse',
  });
  const archived = [...parts.first, ...parts.still, ...parts.settled, ...parts.resume];
  const plan: Plan = {
    command: 'backup',
    scope,
    steps: [...archived, ...parts.seal],
    // All is archived by then: a restore point that can be completed is not thrown away.
    onward: archived.length,
    finish: parts.finish,
    undo: parts.undo,
  };
  const dumped = new Set(selection.databases.map(({ service }) => service));
  const isLeft = (service: string): boolean => !dumped.has(service);
  const anonymous = anonymousVolumes(
    [...observation.containers.values()].flat().filter(({ service }) => isLeft(service)),
  );
  const notes = [
    ...parts.notes,
    ...anonymous.map((place) => `${place} is an anonymous volume: it is not taken; name it in compose.yml`),
    ...leftDirectories(observation.project, observation.config, isLeft),
  ];
  const result = async (): Promise<Manifest> =>
    parseManifest((await openStore(parts.store, scope.directory).manifest(parts.point)) ?? '', parts.point);
  return { plan, notes, result };
}
