import type { ResolvedModel } from '../compose/project.ts';
import { isRunning, type ContainerState } from '../docker/containers.ts';
import type { RunningContainer } from '../plan/steps/still-services.ts';

/** Running containers as levels to start in: what a service depends on is in an earlier level. */
export function startLevels(
  model: ResolvedModel,
  containers: readonly ContainerState[],
): RunningContainer[][] {
  const running = containers.filter(isRunning);
  const depth = new Map<string, number>();
  const depthOf = (service: string, above: ReadonlySet<string>): number => {
    const known = depth.get(service);
    // Compose refuses circles; whatever made one here must not hang us.
    if (known !== undefined || above.has(service)) return known ?? 0;
    const below = new Set([...above, service]);
    const found = dependencies(model, service).map((name) => depthOf(name, below) + 1);
    const value = Math.max(0, ...found);
    depth.set(service, value);
    return value;
  };
  const levels = Map.groupBy(running, ({ service }) => depthOf(service, new Set()));
  return [...levels.keys()].sort((a, b) => a - b).map((level) => (levels.get(level) ?? []).map(asRunning));
}

function dependencies(model: ResolvedModel, service: string): string[] {
  const entry = model.services[service];
  const shared = ['network_mode', 'ipc', 'pid'].flatMap((key) => {
    const value = entry?.[key];
    return typeof value === 'string' && value.startsWith('service:') ? [value.slice('service:'.length)] : [];
  });
  return [...Object.keys(entry?.depends_on ?? {}), ...shared];
}

export function asRunning(container: ContainerState): RunningContainer {
  const { id, name, service, health, stopTimeout, restartsAlways } = container;
  return {
    id,
    name,
    service,
    healthy: health === 'healthy',
    stopTimeout,
    ...(restartsAlways === undefined ? {} : { restartsAlways }),
  };
}
