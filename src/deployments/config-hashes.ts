import {
  allProfiles,
  asComposeFile,
  type Project,
  type ResolvedModel,
  type ServiceModel,
} from '../compose/project.ts';
import { composeArgs, type ComposeOptions } from '../compose/options.ts';
import { answerLines } from '../docker/answer.ts';
import type { ContainerState } from '../docker/containers.ts';
import type { Runner } from '../docker/runner.ts';

/** What Compose would label a new container of one service with. */
export interface ConfigHashes {
  /** As part of the whole project. */
  whole: ReadonlySet<string>;
  /** Brought up without some of its dependencies, which Compose 2 leaves out of the hash then. */
  partial: ReadonlySet<string>;
}

/** By service; empty where Compose cannot tell. */
export async function plainHashes(
  runner: Runner,
  options: ComposeOptions,
  cwd: string,
): Promise<Map<string, string>> {
  return parse(
    await runner.run(['docker', ...composeArgs(allProfiles(options)), 'config', '--hash', '*'], { cwd }),
  );
}

/**
 * `config --hash` leaves env files out while `up` has read them, so where a container has another label than it says,
 * the resolved model is hashed, with every choice of dependencies that `up` may have been told of.
 */
export async function configHashes(
  runner: Runner,
  project: Project,
  containers: readonly ContainerState[],
  plain: ReadonlyMap<string, string>,
): Promise<Map<string, ConfigHashes>> {
  const known = containers.every(
    ({ service, configHash }) => (plain.get(service) ?? configHash) === configHash,
  );
  const resolved = known ? new Map<string, string>() : await resolvedHashes(runner, project);
  return new Map(
    [...plain].map(([service, hash]) => {
      const partial = [...resolved].filter(([name]) => name.startsWith(`${service}${MARK}`));
      const whole = new Set([hash, resolved.get(service) ?? hash]);
      return [service, { whole, partial: new Set(partial.map(([, each]) => each)) }];
    }),
  );
}

/** Between a service's name and the number of a choice; never part of a name with digits alone behind it. */
const MARK = '.without.';
/** Beyond this many dependencies the choices are too many to try. */
const MOST_DEPENDENCIES = 6;

async function resolvedHashes(runner: Runner, project: Project): Promise<Map<string, string>> {
  const services = Object.entries(project.model.services).flatMap(([name, service]) => [
    [name, service] as const,
    ...choices(service).map((choice, index) => [`${name}${MARK}${index}`, choice] as const),
  ]);
  const model: ResolvedModel = { ...project.model, services: Object.fromEntries(services) };
  const options = { files: ['-'], profiles: ['*'], envFiles: [] };
  const args = composeArgs({ ...options, projectName: project.name, projectDirectory: project.directory });
  return parse(
    await runner.run(['docker', ...args, 'config', '--hash', '*'], {
      cwd: project.cwd,
      input: asComposeFile(model),
    }),
  );
}

/** The service with each proper subset of its dependencies: its name is no part of the hash. */
function choices(service: ServiceModel): ServiceModel[] {
  const dependencies = Object.entries(service.depends_on ?? {});
  if (dependencies.length > MOST_DEPENDENCIES) return [];
  const { depends_on: _all, ...alone } = service;
  const proper = Array.from({ length: 2 ** dependencies.length - 1 }).keys();
  return [...proper].map((bits) => {
    const kept = dependencies.filter((_dependency, index) => (bits >> index) % 2 === 1);
    return kept.length === 0 ? alone : { ...alone, depends_on: Object.fromEntries(kept) };
  });
}

function parse(result: { exitCode: number; stdout: string }): Map<string, string> {
  if (result.exitCode !== 0) return new Map();
  const lines = answerLines(result.stdout, 'configuration hashes');
  return new Map(lines.map((line) => line.split(/\s+/) as [string, string]));
}
