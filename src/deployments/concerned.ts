import type { ResolvedModel, ServiceModel } from '../compose/project.ts';
import { isRunning, type ContainerState } from '../docker/containers.ts';

/**
 * The services that `up` has to be told of when these are deployed: the services themselves, what they depend on and
 * does not run, and what lives inside a namespace of theirs (its container is useless once the other is replaced).
 */
export function concernedServices(
  model: ResolvedModel,
  containers: ReadonlyMap<string, readonly ContainerState[]>,
  targets: readonly string[],
): string[] {
  const concerned = new Set(targets);
  for (const service of concerned) {
    const entry = model.services[service];
    for (const [name, dependency] of Object.entries(entry?.depends_on ?? {})) {
      const needed = dependency.required !== false && model.services[name] !== undefined;
      if (needed && !isSatisfied(containers.get(name) ?? [], dependency.condition)) concerned.add(name);
    }
    for (const [name, other] of Object.entries(model.services)) {
      if (sharesNamespaceOf(other, service) && (containers.get(name) ?? []).length > 0) concerned.add(name);
    }
  }
  return Object.keys(model.services).filter((service) => concerned.has(service));
}

/** Everything that the services depend on, directly or not, and the services themselves. */
export function withDependencies(model: ResolvedModel, services: readonly string[]): string[] {
  const all = new Set(services);
  for (const service of all) {
    for (const name of Object.keys(model.services[service]?.depends_on ?? {})) {
      if (model.services[name] !== undefined) all.add(name);
    }
  }
  return [...all];
}

function isSatisfied(containers: readonly ContainerState[], condition: string): boolean {
  if (condition === 'service_completed_successfully') {
    return containers.some((container) => container.status === 'exited' && container.exitCode === 0);
  }
  return containers.some(isRunning);
}

function sharesNamespaceOf(service: ServiceModel, name: string): boolean {
  return ['network_mode', 'ipc', 'pid'].some((key) => service[key] === `service:${name}`);
}
