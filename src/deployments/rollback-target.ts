import { nearest } from '../nearest.ts';
import { RewindError } from '../errors.ts';
import type { Deployment } from './deployment.ts';
import type { Observation } from './observation.ts';
import { currentDeployment, displayId, findDeployment, previousDeployment, sameImages } from './select.ts';

export interface RollbackRequest {
  /** `v12`, `12`; undefined: the last that succeeded before the current one. */
  target?: string | undefined;
  /** How many deployments back, without a target. */
  steps: number;
  /** Only these services. */
  services: readonly string[];
}

/** The deployment to go back to. Throws (exit 4) for failed, unknown and missing ones, and says what would work. */
export function chooseTarget(
  { deployments, current, project }: Pick<Observation, 'deployments' | 'current' | 'project'>,
  request: RollbackRequest,
): Deployment {
  for (const service of request.services) {
    if (project.model.services[service] !== undefined) continue;
    const near = nearest(service, Object.keys(project.model.services));
    throw new RewindError('UNKNOWN_SERVICE', `there is no service "${service}"`, {
      exit: 'usage',
      hint:
        near === undefined
          ? `The services are ${Object.keys(project.model.services).join(', ')}`
          : `Did you mean ${near}?`,
    });
  }
  if (current === undefined) {
    throw new RewindError(
      'NO_DEPLOYMENT',
      'nothing was deployed here yet, so there is nothing to go back to',
      {
        exit: 'refused',
        hint: 'docker rewind deploy records the first one',
      },
    );
  }
  if (request.target !== undefined) return usable(findDeployment(deployments, request.target), deployments);
  let target: Deployment = current;
  const services = request.services.length === 0 ? undefined : request.services;
  for (let step = 1; step <= request.steps; step++) {
    const previous = previousDeployment(deployments, target, services);
    if (previous === undefined) throw nothingBefore(deployments, current, step - 1);
    target = previous;
  }
  return usable(target, deployments);
}

/** The deployments that a rollback could go to, newest first. */
export function rollbackCandidates(deployments: readonly Deployment[]): Deployment[] {
  return deployments.filter((entry) => entry.status === 'succeeded' && !isNewer(entry)).toReversed();
}

function usable(target: Deployment, deployments: readonly Deployment[]): Deployment {
  const id = displayId(target, deployments);
  if (isNewer(target)) {
    throw new RewindError(
      'NEWER_RECORD',
      `${id} was recorded by a newer docker rewind, which this one cannot read`,
      {
        exit: 'refused',
        hint: `Update docker rewind on this host. ${whatWorks(deployments)}`,
      },
    );
  }
  if (target.status === 'succeeded') return target;
  throw new RewindError(
    'FAILED_DEPLOYMENT',
    `${id} ${target.status === 'failed' ? 'failed' : 'was interrupted'}: it never ran in full`,
    {
      exit: 'refused',
      hint: whatWorks(deployments),
    },
  );
}

function isNewer(deployment: Deployment & { newer?: true }): boolean {
  return deployment.newer === true;
}

function nothingBefore(
  deployments: readonly Deployment[],
  current: Deployment,
  possible: number,
): RewindError {
  const from =
    current.kind === 'rollback'
      ? `${current.id} (a rollback to ${current.target ?? 'an older one'})`
      : current.id;
  const message =
    possible === 0
      ? `no deployment with other images succeeded before ${from}`
      : `only ${possible} deployment${possible === 1 ? '' : 's'} with other images succeeded before ${from}`;
  return new RewindError('NO_DEPLOYMENT', message, { exit: 'refused', hint: whatWorks(deployments) });
}

/** What a rollback could be asked for instead: what succeeded, and is not what runs already. */
export function whatWorks(deployments: readonly Deployment[], refused?: Deployment): string {
  const current = currentDeployment(deployments);
  const others = rollbackCandidates(deployments).filter(
    (entry) => entry !== refused && (current === undefined || !sameImages(entry, current)),
  );
  const ids = others.map((entry) => displayId(entry, deployments));
  if (ids.length === 0) return 'There is no other deployment that succeeded to go to';
  return `These succeeded: ${ids.slice(0, 8).join(', ')}. docker rewind rollback ${ids[0] ?? 'vN'}`;
}
