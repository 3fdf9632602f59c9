import { imageOf } from '../compose/project.ts';
import type { Runner } from '../docker/runner.ts';
import { driftOf, type Drift } from './drift.ts';
import { observe, type Where } from './observation.ts';

export interface RunningContainer {
  container: string;
  image: string;
  imageId: string;
  state: string;
  health: string | null;
}

export interface ServiceStatus {
  /** The reference that the current deployment recorded. */
  recorded: string | null;
  /** What the Compose files say now. */
  file: string | null;
  running: RunningContainer[];
  drift: Drift[];
}

export interface Status {
  environment: string;
  project: string;
  /** `v3`; null before the first deployment. */
  current: string | null;
  drift: boolean;
  services: Record<string, ServiceStatus>;
}

/** Compares recorded, Compose files and running, service by service. */
export async function status(runner: Runner, where: Where): Promise<Status> {
  const observation = await observe(runner, where);
  const { project, scope, current, containers } = observation;
  const names = new Set([
    ...project.activeServices,
    ...Object.keys(current?.services ?? {}),
    ...containers.keys(),
  ]);
  const services = [...names].sort().map((service): [string, ServiceStatus] => [
    service,
    {
      recorded: current?.services[service]?.image ?? null,
      file: project.model.services[service] === undefined ? null : imageOf(project, service),
      running: (containers.get(service) ?? []).map((entry) => ({
        container: entry.name,
        image: entry.image,
        imageId: entry.imageId,
        state: entry.status,
        health: entry.health ?? null,
      })),
      drift: driftOf(observation, service),
    },
  ]);
  return {
    environment: scope.environment,
    project: scope.project,
    current: current?.id ?? null,
    drift: services.some(([, entry]) => entry.drift.length > 0),
    services: Object.fromEntries(services),
  };
}
