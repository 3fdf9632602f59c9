import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { findComposeFiles } from '../compose/files.ts';
import type { Runner } from '../docker/runner.ts';
import { RewindError } from '../errors.ts';
import { stateDirectoryOf } from '../plan/state-directory.ts';
import type { Deployment } from './deployment.ts';
import { deploymentsOf, readHistory, type HistoryProblem } from './history.ts';
import { observeProject, type Where } from './observation.ts';

/** The history of this project in this environment. */
export interface ScopedHistory {
  environment: string;
  project: string;
  /** Oldest first. */
  deployments: (Deployment & { newer?: true })[];
  problems: HistoryProblem[];
}

/**
 * Reads the history. Compose is asked for the project's name and environment only when the history and the files
 * leave a doubt: history is what people look at when nothing else works, also without docker, and in prompts.
 */
export async function scopedHistory(runner: Runner, where: Where): Promise<ScopedHistory> {
  const { directory, files } = findComposeFiles(where.options, where.cwd, where.env);
  const history = await readHistory(stateDirectoryOf(directory));
  const { problems } = history;
  const known = soleScope(history.deployments);
  const name = where.options.projectName ?? where.env['COMPOSE_PROJECT_NAME'];
  const fits = known !== undefined && (name === undefined || name === known.project);
  const asKnown = (): ScopedHistory | undefined =>
    fits ? { ...known, deployments: deploymentsOf(history, known), problems } : undefined;
  if (fits && !(await leavesDoubt(files, directory, name === undefined ? known.project : undefined)))
    return asKnown() as ScopedHistory;
  try {
    const { scope, deployments } = await observeProject(runner, where);
    return { environment: scope.environment, project: scope.project, deployments, problems };
  } catch (error) {
    const shown = error instanceof RewindError && error.code === 'PROGRAM_NOT_FOUND' ? asKnown() : undefined;
    if (shown === undefined) throw error;
    return shown;
  }
}

/** The project and environment of all records, when they are of one. */
function soleScope(deployments: readonly Deployment[]): { environment: string; project: string } | undefined {
  const [first] = deployments;
  if (first === undefined) return undefined;
  const { environment, project } = first;
  const same = deployments.every((entry) => entry.environment === environment && entry.project === project);
  return same ? { environment, project } : undefined;
}

/** Whether a Compose file could say something of the environment, or another name of the project than `project`. */
async function leavesDoubt(
  files: readonly string[],
  directory: string,
  project: string | undefined,
): Promise<boolean> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => 'x-rewind')));
  if (texts.some((text) => /x-rewind|^include:/m.test(text))) return true;
  if (project === undefined) return false;
  const names = texts.flatMap((text) => /^name:[ \t]*(.*?)[ \t]*(?:#.*)?\r?$/m.exec(text)?.[1] ?? []);
  const variables = await readFile(join(directory, '.env'), 'utf8').catch(() => '');
  return (
    variables.includes('COMPOSE_PROJECT_NAME') ||
    !(names.length > 0 ? names : [basename(directory).toLowerCase()]).every((name) => name === project)
  );
}
