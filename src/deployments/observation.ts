import type { Project } from '../compose/project.ts';
import { allProfiles, imageOf, loadProject } from '../compose/project.ts';
import { rewindConfig, type RewindConfig } from '../compose/rewind-config.ts';
import { composeArgs, type ComposeOptions } from '../compose/options.ts';
import { byService, listContainers, type ContainerState } from '../docker/containers.ts';
import { inspectImages, type LocalImage } from '../docker/images.ts';
import type { Argv, Runner } from '../docker/runner.ts';
import type { Scope } from '../plan/steps/context.ts';
import { stateDirectoryOf } from '../plan/state-directory.ts';
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
  /** By reference: what the files name now, and what is recorded as running. */
  images: Map<string, LocalImage | undefined>;
  /** By service: what Compose would label a new container with; empty where Compose cannot tell. */
  hashes: Map<string, string>;
}

export interface Where {
  options: ComposeOptions;
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
}

/** The project and its history, without asking the engine anything. */
export async function observeProject(
  runner: Runner,
  where: Where,
): Promise<Omit<Observation, 'containers' | 'images' | 'hashes'>> {
  const project = await loadProject(runner, where.options, where.cwd, where.env);
  const stateDirectory = stateDirectoryOf(project.directory);
  const [config, history] = await Promise.all([rewindConfig(project.model), readHistory(stateDirectory)]);
  const scope: Scope = {
    project: project.name,
    environment: config.environment,
    directory: project.directory,
    cwd: project.cwd,
    options: project.options,
    files: project.files,
  };
  const deployments = deploymentsOf(history, scope);
  const current = currentDeployment(deployments);
  return { project, config, scope, stateDirectory, deployments, problems: history.problems, current };
}

/** The whole observation. Throws ENGINE_UNREACHABLE without an engine. */
export async function observe(runner: Runner, where: Where): Promise<Observation> {
  const [known, hashes] = await Promise.all([observeProject(runner, where), configHashes(runner, where)]);
  const { project, current } = known;
  const references = Object.keys(project.model.services).map((service) => imageOf(project, service));
  const recorded = Object.values(current?.services ?? {}).map((service) => service.image);
  const [containers, images] = await Promise.all([
    listContainers(runner, project.name),
    inspectImages(runner, [...references, ...recorded]),
  ]);
  return { ...known, containers: byService(containers), images, hashes };
}

async function configHashes(runner: Runner, where: Where): Promise<Map<string, string>> {
  const argv: Argv = ['docker', ...composeArgs(allProfiles(where.options)), 'config', '--hash', '*'];
  const result = await runner.run(argv, { cwd: where.cwd });
  if (result.exitCode !== 0) return new Map();
  const lines = result.stdout.split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => line.split(/\s+/) as [string, string]));
}
