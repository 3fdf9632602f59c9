import { sameImage, type Deployment } from '../deployments/deployment.ts';
import type { Observation } from '../deployments/observation.ts';
import { nearestRunnable } from '../deployments/rollback-plan.ts';
import { chooseTarget, rollbackCandidates } from '../deployments/rollback-target.ts';
import type { Runner } from '../docker/runner.ts';
import { RewindError } from '../errors.ts';
import { chooseDeployment } from '../ui/prompts.ts';
import type { Terminal } from '../ui/terminal.ts';

/** The deployment to go back to: as named, from the menu on a terminal, else the one before the current. */
export async function pickTarget(
  observation: Observation,
  terminal: Terminal,
  request: {
    target: string | undefined;
    steps: number | undefined;
    services: readonly string[];
    menu: boolean;
  },
): Promise<Deployment> {
  const { target, steps, services } = request;
  const named = target !== undefined || steps !== undefined;
  const candidates = rollbackCandidates(observation.deployments);
  if (named || !request.menu || !terminal.interactive || candidates.length < 2) {
    return chooseTarget(observation, { target, steps: steps ?? 1, services });
  }
  const { current } = observation;
  return chooseDeployment(candidates, current, (entry) => whatChanges(entry, current, services));
}

function whatChanges(
  entry: Deployment,
  current: Deployment | undefined,
  services: readonly string[],
): string {
  const changes = Object.entries(entry.services).flatMap(([service, then]) => {
    const now = current?.services[service];
    if (services.length > 0 && !services.includes(service)) return [];
    if (now !== undefined && sameImage(now, then)) return [];
    const before = now?.image ?? 'nothing';
    return [`${service}: ${before} → ${before === then.image ? 'the image of this tag then' : then.image}`];
  });
  return changes.length === 0 ? 'no image would change' : changes.join(', ');
}

/** A recorded image that the registry no longer has: refused like one that is known to be gone, naming what can run. */
export async function orNearest<T>(
  runner: Runner,
  observation: Observation,
  target: Deployment,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RewindError) || error.code !== 'IMAGE_NOT_FOUND') throw error;
    const other = await nearestRunnable(runner, observation, target);
    throw new RewindError('IMAGE_GONE', `${target.id} cannot run again: ${error.message}`, {
      exit: 'refused',
      hint:
        other === undefined
          ? 'No other deployment has all its images on this host'
          : `The nearest deployment that can still run is ${other.id}: docker rewind rollback ${other.id}`,
      cause: error,
    });
  }
}
