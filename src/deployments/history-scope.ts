import { readFile } from 'node:fs/promises';
import { findComposeFiles } from '../compose/files.ts';
import type { Runner } from '../docker/runner.ts';
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
  if (known !== undefined && (name === undefined || name === known.project) && !(await mayNameScope(files))) {
    return { ...known, deployments: deploymentsOf(history, known), problems };
  }
  const { scope, deployments } = await observeProject(runner, where);
  return { environment: scope.environment, project: scope.project, deployments, problems };
}

/** The project and environment of all records, when they are of one. */
function soleScope(deployments: readonly Deployment[]): { environment: string; project: string } | undefined {
  const [first] = deployments;
  if (first === undefined) return undefined;
  const { environment, project } = first;
  const same = deployments.every((entry) => entry.environment === environment && entry.project === project);
  return same ? { environment, project } : undefined;
}

/** Whether a Compose file could say something of the environment. */
async function mayNameScope(files: readonly string[]): Promise<boolean> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => 'x-rewind')));
  return texts.some((text) => /x-rewind|^include:/m.test(text));
}
