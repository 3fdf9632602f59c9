import type { Argv, Runner } from './runner.ts';
import { answerLines, jsonAnswer } from './answer.ts';
import { engineError } from './engine-error.ts';
import { intervalOf, isUncheckedSincePause, type InspectedHealth } from './health-status.ts';

/** One container of a Compose project, as the engine describes it. */
export interface ContainerState {
  id: string;
  name: string;
  service: string;
  /** Compose's number of this replica, from 1. */
  number: number;
  /** The reference that the container was created with. */
  image: string;
  /** What it really runs: `sha256:…`. */
  imageId: string;
  status: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
  /** Undefined where the container has no health check; for one that was paused what its last check said. */
  health?: 'starting' | 'healthy' | 'unhealthy';
  /** No check was made since it was paused; milliseconds between two checks. */
  uncheckedMs?: number;
  exitCode: number;
  /** ISO 8601; the year 1 where it never ended. */
  finishedAt: string;
  restartCount: number;
  /** Seconds between the engine's signal to stop and its killing. */
  stopTimeout: number;
  /** It has a health check, a port, or a policy to start it again: no job that is done when it ends. */
  serves: boolean;
  /** Its policy is `always`: an engine that starts anew starts it too, even where it had been stopped by hand. */
  restartsAlways?: true;
  /** Compose's hash of the service that it was made from. */
  configHash: string;
  /** What it mounts, as the engine resolved it. */
  mounts: ContainerMount[];
}

export interface ContainerMount {
  type: 'bind' | 'volume' | 'tmpfs' | (string & {});
  /** The volume's name; undefined for others. */
  name?: string;
  /** On the engine's host. */
  source: string;
  destination: string;
  writable: boolean;
}

export function listContainersArgv(project: string): Argv {
  return [
    'docker',
    'ps',
    '--all',
    '--quiet',
    '--no-trunc',
    '--filter',
    `label=com.docker.compose.project=${project}`,
    '--filter',
    'label=com.docker.compose.oneoff=False',
  ];
}

export const stopContainersArgv = (ids: readonly string[]): Argv => ['docker', 'container', 'stop', ...ids];
export const startArgv = (ids: readonly string[]): Argv => ['docker', 'container', 'start', ...ids];
/** `unless-stopped` is `always` but for what was stopped by hand when the engine starts anew. */
export const restartPolicyArgv = (policy: 'always' | 'unless-stopped', ids: readonly string[]): Argv => [
  'docker', 'container', 'update', '--restart', policy, ...ids,
]; // prettier-ignore
export const pauseArgv = (ids: readonly string[]): Argv => ['docker', 'container', 'pause', ...ids];
export const unpauseArgv = (ids: readonly string[]): Argv => ['docker', 'container', 'unpause', ...ids];

export function inspectContainersArgv(ids: readonly string[]): Argv {
  return ['docker', 'container', 'inspect', ...ids];
}

/** Containers that do not run; their anonymous volumes stay. */
export function removeContainersArgv(ids: readonly string[]): Argv {
  return ['docker', 'container', 'rm', ...ids];
}

/** All containers of a project, stopped ones too, ordered by service and number. */
export async function listContainers(runner: Runner, project: string): Promise<ContainerState[]> {
  for (;;) {
    const listed = await runner.run(listContainersArgv(project));
    if (listed.exitCode !== 0) throw engineError(listed);
    const ids = answerLines(listed.stdout, 'containers');
    if (ids.length === 0) return [];
    const inspected = await runner.run(inspectContainersArgv(ids));
    if (inspected.exitCode === 0) return parseContainers(inspected.stdout);
    // A container that went away between the two calls: ask again for what is there now.
    if (!/no such container/i.test(inspected.stderr)) throw engineError(inspected);
  }
}

/** The running containers of one service, by id; nothing else is asked. */
export async function runningContainers(runner: Runner, project: string, service: string): Promise<string[]> {
  const listed = await runner.run([
    'docker', 'ps', '--quiet', '--no-trunc', '--filter', 'status=running',
    '--filter', `label=com.docker.compose.project=${project}`, '--filter', `label=com.docker.compose.service=${service}`,
    '--filter', 'label=com.docker.compose.oneoff=False',
  ]); // prettier-ignore
  if (listed.exitCode !== 0) throw engineError(listed);
  return answerLines(listed.stdout, 'containers');
}

/** These containers as they are now. Throws where one is gone. */
export async function inspectContainers(runner: Runner, ids: readonly string[]): Promise<ContainerState[]> {
  if (ids.length === 0) return [];
  const result = await runner.run(inspectContainersArgv(ids));
  if (result.exitCode !== 0) throw engineError(result, 'looking at containers');
  return parseContainers(result.stdout);
}

interface Inspected {
  Id: string;
  Name: string;
  Image: string;
  RestartCount: number;
  Config: {
    Image: string;
    Labels: Record<string, string>;
    ExposedPorts?: object;
    StopTimeout?: number;
    Healthcheck?: { Interval?: number };
  };
  HostConfig?: { RestartPolicy?: { Name: string } };
  State: {
    Status: ContainerState['status'];
    ExitCode: number;
    FinishedAt: string;
    Health?: InspectedHealth;
  };
  Mounts?: { Type: string; Name?: string; Source?: string; Destination: string; RW: boolean }[];
}

export function parseContainers(json: string): ContainerState[] {
  const containers = jsonAnswer<Inspected[]>(json, 'containers').map((entry): ContainerState => {
    const { Health } = entry.State;
    const unchecked = Health !== undefined && isUncheckedSincePause(Health);
    const health = unchecked ? 'healthy' : Health?.Status;
    return {
      id: entry.Id,
      name: entry.Name.replace(/^\//, ''),
      service: entry.Config.Labels['com.docker.compose.service'] ?? '',
      number: Number(entry.Config.Labels['com.docker.compose.container-number'] ?? 1),
      image: entry.Config.Image,
      imageId: entry.Image,
      status: entry.State.Status,
      ...(health === 'starting' || health === 'healthy' || health === 'unhealthy' ? { health } : {}),
      ...(unchecked ? { uncheckedMs: intervalOf(entry.Config.Healthcheck) } : {}),
      exitCode: entry.State.ExitCode,
      finishedAt: entry.State.FinishedAt,
      restartCount: entry.RestartCount,
      // The engine's own default (docker stop --help).
      stopTimeout: entry.Config.StopTimeout ?? 10,
      serves:
        health !== undefined ||
        Object.keys(entry.Config.ExposedPorts ?? {}).length > 0 ||
        ['always', 'unless-stopped'].includes(entry.HostConfig?.RestartPolicy?.Name ?? ''),
      ...(entry.HostConfig?.RestartPolicy?.Name === 'always' ? { restartsAlways: true as const } : {}),
      configHash: entry.Config.Labels['com.docker.compose.config-hash'] ?? '',
      mounts: (entry.Mounts ?? []).map((mount) => ({
        type: mount.Type,
        ...(mount.Name === undefined || mount.Name === '' ? {} : { name: mount.Name }),
        source: mount.Source ?? '',
        destination: mount.Destination,
        writable: mount.RW,
      })),
    };
  });
  return containers.sort((a, b) => a.service.localeCompare(b.service) || a.number - b.number);
}

/** Groups by service. */
export function byService(containers: readonly ContainerState[]): Map<string, ContainerState[]> {
  return Map.groupBy(containers, (container) => container.service);
}

export function isRunning(container: ContainerState): boolean {
  return container.status === 'running' || container.status === 'paused' || container.status === 'restarting';
}
