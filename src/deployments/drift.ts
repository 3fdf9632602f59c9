import { canonicalReference } from '../compose/reference.ts';
import { imageOf } from '../compose/project.ts';
import { isRunning, type ContainerState } from '../docker/containers.ts';
import type { Observation } from './observation.ts';

export type DriftKind =
  /** The Compose files name another image than was deployed. */
  | 'file'
  /** Something else runs than was deployed. */
  | 'running'
  /** What was deployed does not run. */
  | 'stopped'
  /** The tag that was deployed names another image now. */
  | 'tag'
  /** The Compose files say something else of the service than its containers were made with. */
  | 'config'
  /** The service is in the files and was never deployed, or the other way round. */
  | 'service';

export interface Drift {
  kind: DriftKind;
  message: string;
}

/** How one service differs from what is recorded. Empty without a recorded deployment: nothing to drift from. */
export function driftOf(
  observation: Pick<Observation, 'project' | 'current' | 'containers' | 'images' | 'hashes'>,
  service: string,
): Drift[] {
  const { project, current } = observation;
  if (current === undefined) return [];
  const recorded = current.services[service];
  const inFile = project.model.services[service] !== undefined;
  const containers = observation.containers.get(service) ?? [];
  if (recorded === undefined) {
    return containers.length === 0
      ? []
      : [{ kind: 'service', message: `runs, but ${current.id} did not deploy it` }];
  }
  if (!inFile)
    return [{ kind: 'service', message: `is no longer in the Compose files; ${current.id} deployed it` }];

  const drift: Drift[] = [];
  const file = imageOf(project, service);
  if (canonicalReference(file) !== canonicalReference(recorded.image)) {
    drift.push({
      kind: 'file',
      message: `the Compose files say ${file}; ${current.id} deployed ${recorded.image}`,
    });
  }
  const tagged = observation.images.get(recorded.image);
  if (recorded.imageId !== null && tagged !== undefined && tagged.id !== recorded.imageId) {
    drift.push({
      kind: 'tag',
      message: `${recorded.image} names ${short(tagged.id)} now; ${current.id} deployed ${short(recorded.imageId)}`,
    });
  }
  return drift.concat(
    containerDrift(recorded.imageId, current.id, containers, observation.hashes.get(service)),
  );
}

function containerDrift(
  imageId: string | null,
  id: string,
  containers: readonly ContainerState[],
  configHash: string | undefined,
): Drift[] {
  if (imageId === null) return [];
  const running = containers.filter((container) => isRunning(container) || container.exitCode === 0);
  if (running.length === 0) return [{ kind: 'stopped', message: 'does not run' }];
  const drift: Drift[] = [];
  const other = containers.find((container) => container.imageId !== imageId);
  if (other !== undefined) {
    drift.push({
      kind: 'running',
      message: `${other.name} runs ${other.image} (${short(other.imageId)}); ${id} deployed ${short(imageId)}`,
    });
  }
  const changed = containers.find(
    (container) => configHash !== undefined && container.configHash !== configHash,
  );
  if (changed !== undefined && other === undefined) {
    drift.push({ kind: 'config', message: `the Compose files changed since ${changed.name} was made` });
  }
  return drift;
}

function short(imageId: string): string {
  return imageId.slice(0, 19);
}

/** Every service that drifted. */
export function allDrift(
  observation: Pick<Observation, 'project' | 'current' | 'containers' | 'images' | 'hashes'>,
): Map<string, Drift[]> {
  const services = new Set([
    ...Object.keys(observation.project.model.services),
    ...Object.keys(observation.current?.services ?? {}),
    ...observation.containers.keys(),
  ]);
  const drift = [...services].sort().map((name) => [name, driftOf(observation, name)] as const);
  return new Map(drift.filter(([, entries]) => entries.length > 0));
}
