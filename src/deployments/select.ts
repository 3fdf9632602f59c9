import { RewindError } from '../errors.ts';
import { numberOf, sameImage, type Deployment } from './deployment.ts';

/** The deployment that is recorded as running: the last that succeeded. */
export function currentDeployment(deployments: readonly Deployment[]): Deployment | undefined {
  return deployments.findLast((entry) => entry.status === 'succeeded');
}

/** Finds `v12` or `12` (or `v12.ab12`, where a merge left two of that number). Throws NO_DEPLOYMENT (exit 4) with what there is. */
export function findDeployment(deployments: readonly Deployment[], text: string): Deployment {
  const match = /^v?([0-9]+)(?:\.([0-9a-f]+))?$/i.exec(text);
  if (!match) {
    throw new RewindError('INVALID_DEPLOYMENT', `"${text}" does not name a deployment`, {
      exit: 'usage',
      hint: 'Deployments are named v1, v2, …: docker rewind history',
    });
  }
  const found = deployments.filter(
    (entry) => numberOf(entry) === Number(match[1]) && entry.uid.startsWith(match[2]?.toLowerCase() ?? ''),
  );
  if (found.length > 1) {
    throw new RewindError(
      'AMBIGUOUS_DEPLOYMENT',
      `v${match[1]} names ${found.length} deployments (two histories were merged)`,
      {
        exit: 'usage',
        hint: `Say which: ${found.map((entry) => `${displayId(entry, deployments)} (${entry.user}@${entry.host}, ${entry.startedAt})`).join(' or ')}`,
      },
    );
  }
  if (found[0] === undefined) {
    const ids = deployments.map((entry) => entry.id);
    const range = ids.length === 0 ? 'nothing was deployed here yet' : `there are ${ids[0]} to ${ids.at(-1)}`;
    throw new RewindError('NO_DEPLOYMENT', `there is no deployment v${match[1]}: ${range}`, {
      exit: 'refused',
      hint: 'docker rewind history',
    });
  }
  return found[0];
}

/** `v7`, or `v7.ab12` where a merge left several of that number. */
export function displayId(deployment: Deployment, deployments: readonly Deployment[]): string {
  const twins = deployments.filter((entry) => entry.id === deployment.id);
  return twins.length < 2 ? deployment.id : `${deployment.id}.${deployment.uid.slice(0, 4)}`;
}

/**
 * The deployment that a rollback without a target goes to: the last one before `from` that succeeded and ran other
 * images. After a rollback "before" counts from the deployment that it went back to: typing rollback twice goes back
 * two steps, never forward again to what was just left. A rollback of some services only may leave the others behind
 * there: then that deployment itself comes first.
 */
export function previousDeployment(
  deployments: readonly Deployment[],
  from: Deployment,
  services?: readonly string[],
): Deployment | undefined {
  const base = origin(deployments, from);
  const isBefore = (entry: Deployment): boolean =>
    numberOf(entry) < numberOf(base) || (entry === base && base !== from);
  return deployments.findLast(
    (entry) => entry.status === 'succeeded' && isBefore(entry) && !sameImages(entry, from, services),
  );
}

/** The deploy that first ran what `deployment` runs: a rollback leads to its target. */
function origin(deployments: readonly Deployment[], deployment: Deployment): Deployment {
  let base = deployment;
  while (base.kind === 'rollback' && base.target !== null) {
    const target = deployments.find((entry) => entry.id === base.target && entry.status === 'succeeded');
    if (target === undefined || numberOf(target) >= numberOf(base)) break;
    base = target;
  }
  return base;
}

/** Whether all services (or the named ones) that both know run the same. */
export function sameImages(
  a: Deployment,
  b: Deployment,
  services: readonly string[] = Object.keys(a.services),
): boolean {
  return services.every((service) => {
    const [left, right] = [a.services[service], b.services[service]];
    return left === undefined || right === undefined || sameImage(left, right);
  });
}
