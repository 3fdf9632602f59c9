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

type Facts = Pick<Observation, 'project' | 'deployments' | 'current' | 'containers' | 'images' | 'hashes'>;

/** How one service differs from what is recorded. Empty without a recorded deployment: nothing to drift from. */
export function driftOf(observation: Facts, service: string): Drift[] {
  const { project, current } = observation;
  if (current === undefined) return [];
  const recorded = current.services[service];
  const inFile = project.model.services[service] !== undefined;
  const containers = observation.containers.get(service) ?? [];
  if (recorded === undefined) {
    if (containers.some(isRunning))
      return [{ kind: 'service', message: `runs, but ${current.id} did not deploy it` }];
    // One behind an inactive profile is not meant to run.
    return project.activeServices.includes(service)
      ? [{ kind: 'service', message: `is in the Compose files, but ${current.id} did not deploy it` }]
      : [];
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
  return drift.concat(containerDrift(observation, service, current.id, recorded.imageId));
}

function containerDrift(facts: Facts, service: string, id: string, imageId: string | null): Drift[] {
  if (imageId === null) return [];
  const containers = facts.containers.get(service) ?? [];
  const expected = facts.hashes.get(service);
  const down = containers.filter((container) => !isUp(facts, container));
  if (down.length === containers.length) return [{ kind: 'stopped', message: 'does not run' }];
  const drift: Drift[] = down.map(({ name }) => ({ kind: 'stopped', message: `${name} does not run` }));
  const other = containers.find((container) => container.imageId !== imageId);
  if (other !== undefined) {
    const message = `${other.name} runs ${other.image} (${short(other.imageId)}); ${id} deployed ${short(imageId)}`;
    return [...drift, { kind: 'running', message }];
  }
  const changed = containers.find(
    ({ configHash }) =>
      expected !== undefined && !expected.whole.has(configHash) && !expected.partial.has(configHash),
  );
  if (changed !== undefined) {
    drift.push({ kind: 'config', message: `the Compose files changed since ${changed.name} was made` });
  }
  return drift;
}

/**
 * Whether a container is as a deployment leaves one: it runs, or it did its work and ended. One that ended well after
 * the last deployment and looks like a server was stopped by somebody; others are jobs that took longer.
 */
export function isUp(
  { deployments, project }: Pick<Observation, 'deployments' | 'project'>,
  container: ContainerState,
): boolean {
  if (isRunning(container)) return true;
  if (container.status !== 'exited' || container.exitCode !== 0) return false;
  const isJob = Object.values(project.model.services).some(
    ({ depends_on }) => depends_on?.[container.service]?.condition === 'service_completed_successfully',
  );
  const last = Date.parse(deployments.at(-1)?.finishedAt ?? '');
  return isJob || !container.serves || Date.parse(container.finishedAt) <= last;
}

function short(imageId: string): string {
  return imageId.slice(0, 19);
}

/** Every service that drifted. */
export function allDrift(observation: Facts): Map<string, Drift[]> {
  const services = new Set([
    ...Object.keys(observation.project.model.services),
    ...Object.keys(observation.current?.services ?? {}),
    ...observation.containers.keys(),
  ]);
  const drift = [...services].sort().map((name) => [name, driftOf(observation, name)] as const);
  return new Map(drift.filter(([, entries]) => entries.length > 0));
}
