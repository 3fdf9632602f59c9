import { answerLines, jsonAnswer, wholeAnswer } from '../docker/answer.ts';
import type { Argv, RunResult, Runner } from '../docker/runner.ts';
import { RewindError } from '../errors.ts';
import { findComposeFiles } from './files.ts';
import { composeArgs, type ComposeOptions } from './options.ts';
import { configError } from './config-error.ts';

/** One service of the resolved model: the keys that matter here; all others are kept as they come. */
export interface ServiceModel {
  image?: string;
  build?: unknown;
  profiles?: string[];
  depends_on?: Record<string, { condition: string; restart?: boolean; required?: boolean }>;
  scale?: number;
  deploy?: { replicas?: number };
  [key: string]: unknown;
}

/** What `docker compose config --format json` says. */
export interface ResolvedModel {
  name: string;
  services: Record<string, ServiceModel>;
  volumes?: Record<string, unknown>;
  'x-rewind'?: unknown;
  [key: string]: unknown;
}

/** A project as found on this host: where it is, how Compose was told to see it, and its resolved model. */
export interface Project {
  name: string;
  /** The project directory: relative paths start there, `.rewind` is in it. */
  directory: string;
  /** The chain of Compose files, absolute; `-` for standard input. */
  files: readonly string[];
  /** As given; with `compose.rewind.yml` in the chain they name every file, for every Compose call. */
  options: ComposeOptions;
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  /** With every profile on. */
  model: ResolvedModel;
  /** The services whose profiles are active, in Compose's order. */
  activeServices: readonly string[];
}

/** `docker compose … config`, with every profile on unless `activeOnly`. */
export function configArgv(options: ComposeOptions, ...flags: string[]): Argv {
  return ['docker', ...composeArgs(options), 'config', ...flags];
}

export function allProfiles(options: ComposeOptions): ComposeOptions {
  return { ...options, profiles: ['*'] };
}

/** The image that Compose uses for a service: its own, or the name that Compose gives to what it builds. */
export function imageOf(project: Pick<Project, 'name' | 'model'>, service: string): string {
  const model = project.model.services[service];
  return model?.image ?? `${project.name}-${service}`;
}

/** Resolves the project. Throws RewindError (exit 2) for whatever Compose refuses, in Compose's words. */
export async function loadProject(
  runner: Runner,
  given: ComposeOptions,
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Project> {
  const { directory, files, rewind } = findComposeFiles(given, cwd, env);
  const options = rewind ? { ...given, files } : given;
  const model = await resolveModel(runner, options, cwd);
  const activeServices = await activeServicesOf(runner, model, options, cwd, files);
  return { name: model.name, directory, files, options, cwd, env, model, activeServices };
}

/** Without profiles every service is active; with them Compose is asked, since `.env` may name the active ones, too. */
async function activeServicesOf(
  runner: Runner,
  model: ResolvedModel,
  options: ComposeOptions,
  cwd: string,
  files: readonly string[],
): Promise<string[]> {
  const all = Object.keys(model.services);
  if (all.every((name) => (model.services[name]?.profiles ?? []).length === 0)) return all;
  const active = await runner.run(configArgv(options, '--services'), { cwd });
  if (active.exitCode !== 0) throw configError(active, files);
  return answerLines(active.stdout, 'the active services');
}

/**
 * The resolved model alone, with every profile on: what the proof of an edit compares. A project that resolves only
 * without its inactive profiles is taken as it is given.
 */
export async function resolveModel(
  runner: Runner,
  options: ComposeOptions,
  cwd: string,
  env?: Readonly<Record<string, string>>,
): Promise<ResolvedModel> {
  const run = (profiles: ComposeOptions, format: string): Promise<RunResult> =>
    runner.run(configArgv(profiles, '--format', format), { cwd, ...(env === undefined ? {} : { env }) });
  let failure: RunResult | undefined;
  for (const profiles of [allProfiles(options), options]) {
    const json = await run(profiles, 'json');
    if (json.exitCode === 0) return parsed(json.stdout);
    failure ??= json;
    // Compose cannot marshal some models (build.ssh with a path) to JSON that it can write as YAML.
    if (!/MarshalJSON|json:/.test(json.stderr)) continue;
    const text = await run(profiles, 'yaml');
    if (text.exitCode !== 0) continue;
    const { parse } = await import('./yaml.ts');
    return parsed(JSON.stringify(parse(wholeAnswer(text.stdout, 'the Compose files'))));
  }
  throw configError(failure as RunResult);
}

/** Compose prints every dollar sign twice, for others that would interpolate the text again. */
const withSingleDollars = (text: string): string => text.replaceAll('$$', () => '$');

/** A model as a Compose file that resolves to it. */
export const asComposeFile = (model: ResolvedModel): string =>
  JSON.stringify(model).replaceAll('$', () => '$$');

function parsed(text: string): ResolvedModel {
  const model = jsonAnswer<ResolvedModel>(withSingleDollars(text), 'the Compose files');
  if (typeof model?.name !== 'string') {
    throw new RewindError('COMPOSE_OUTPUT', 'docker compose config printed something unexpected', {
      hint: 'docker rewind doctor',
    });
  }
  model.services ??= {};
  return model;
}
