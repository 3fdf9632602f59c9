import type { Project } from '../compose/project.ts';
import { imageOf, loadProject } from '../compose/project.ts';
import { rewindConfig, type RewindConfig } from '../compose/rewind-config.ts';
import type { ComposeOptions } from '../compose/options.ts';
import { byService, listContainers, type ContainerState } from '../docker/containers.ts';
import { inspectImages, type LocalImage } from '../docker/images.ts';
import type { Runner } from '../docker/runner.ts';
import type { Scope } from '../plan/steps/context.ts';
import { stateDirectoryOf } from '../plan/state-directory.ts';
import { configHashes, plainHashes, type ConfigHashes } from './config-hashes.ts';
import type { Deployment } from './deployment.ts';
import { deploymentsOf, readHistory, type HistoryProblem } from './history.ts';
import { currentDeployment } from './select.ts';

/** Everything that a command needs to know before it plans; nothing of it changes anything. */
export interface Observation {
  project: Project;
  config: RewindConfig;
  scope: Scope;
  stateDirectory: string;
  /** Of this project and environment, oldest first. */
  deployments: Deployment[];
  problems: HistoryProblem[];
  current: Deployment | undefined;
  /** By service; services without containers are absent. */
  containers: Map<string, ContainerState[]>;
  /** By reference: what the files name now, and what the recent deployments recorded; others have to be asked for. */
  images: Map<string, LocalImage | undefined>;
  /** By service: what Compose would label a new container with; empty where Compose cannot tell. */
  hashes: Map<string, ConfigHashes>;
}

export interface Where {
  options: ComposeOptions;
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Called while Compose is at work: what is needed later can be loaded at no cost. */
  meanwhile?: () => void;
}

/** The project and its history, without asking the engine anything. */
export async function observeProject(
  runner: Runner,
  where: Where,
): Promise<Omit<Observation, 'containers' | 'images' | 'hashes'>> {
  const busy: Runner = {
    run: (argv, options) => runner.run(argv, { ...options, onStart: () => where.meanwhile?.() }),
  };
  const project = await loadProject(busy, where.options, where.cwd, where.env);
  const stateDirectory = stateDirectoryOf(project.directory);
  const [config, history] = await Promise.all([rewindConfig(project.model), readHistory(stateDirectory)]);
  const scope = scopeOf(project, config);
  const deployments = deploymentsOf(history, scope);
  const current = currentDeployment(deployments);
  return { project, config, scope, stateDirectory, deployments, problems: history.problems, current };
}

/** Which project a plan is about. */
export function scopeOf(project: Project, config: RewindConfig): Scope {
  return {
    project: project.name,
    environment: config.environment,
    directory: project.directory,
    cwd: project.cwd,
    options: project.options,
    files: project.files,
  };
}

/**
 * The whole observation. `beforeEngine` runs once the project's name is known and before its engine is asked: what is
 * seen there stays true only under the engine's lock. Throws ENGINE_UNREACHABLE without an engine.
 */
export async function observe(
  runner: Runner,
  where: Where,
  beforeEngine: (project: string) => Promise<void> = async () => {},
): Promise<Observation> {
  const [known, plain] = await Promise.all([
    observeProject(runner, where),
    plainHashes(runner, where.options, where.cwd),
  ]);
  const { project } = known;
  await beforeEngine(project.name);
  const references = Object.keys(project.model.services).map((service) => imageOf(project, service));
  const recorded = recentDeployments(known.deployments).flatMap((entry) =>
    Object.values(entry.services).map((service) => service.image),
  );
  const [containers, images] = await Promise.all([
    listContainers(runner, project.name),
    inspectImages(runner, [...references, ...recorded]),
  ]);
  const hashes = await configHashes(runner, project, containers, plain);
  return { ...known, containers: byService(containers), images, hashes };
}

/** What commands about data need of it: which images and configurations there are is not asked. */
export async function observeData(
  runner: Runner,
  where: Where,
  beforeEngine: (project: string) => Promise<void> = async () => {},
): Promise<Omit<Observation, 'images' | 'hashes'>> {
  const known = await observeProject(runner, where);
  await beforeEngine(known.project.name);
  const containers = await listContainers(runner, known.project.name);
  return { ...known, containers: byService(containers) };
}

/** Those that a rollback most probably goes to, the current one among them: asking for their images now costs no time. */
function recentDeployments(deployments: readonly Deployment[]): Deployment[] {
  return deployments.filter((entry) => entry.status === 'succeeded').slice(-4);
}
