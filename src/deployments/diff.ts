import { sameImage, type DeployedService, type Deployment } from './deployment.ts';

export interface ServiceDifference {
  /** Null where the deployment did not have the service. */
  before: DeployedService | null;
  after: DeployedService | null;
}

/** The services that run something else in `after` than in `before`. */
export function diffDeployments(before: Deployment, after: Deployment): Record<string, ServiceDifference> {
  const names = new Set([...Object.keys(before.services), ...Object.keys(after.services)]);
  const entries = [...names]
    .sort()
    .map((service): [string, ServiceDifference] => [
      service,
      { before: before.services[service] ?? null, after: after.services[service] ?? null },
    ]);
  return Object.fromEntries(
    entries.filter(
      ([, { before: a, after: b }]) => a === null || b === null || !sameImage(a, b) || a.image !== b.image,
    ),
  );
}
