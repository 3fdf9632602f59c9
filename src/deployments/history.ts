import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { appendLineDurably } from '../plan/durable.ts';
import { diskError } from '../plan/state-directory.ts';
import { numberOf, type Deployment } from './deployment.ts';
import { parseRecord } from './record.ts';

/** A line of history.jsonl that could not be read. It stays in the file. */
export interface HistoryProblem {
  /** From 1. */
  line: number;
  reason: string;
}

export interface History {
  /** In the order of the file; entries of a newer version are marked and otherwise as they come. */
  deployments: (Deployment & { newer?: true })[];
  problems: HistoryProblem[];
}

export const historyPath = (stateDirectory: string): string => join(stateDirectory, 'history.jsonl');

/** Reads the history; an absent file is an empty history. Never throws for what is in the file. */
export async function readHistory(stateDirectory: string): Promise<History> {
  const text = await textOf(historyPath(stateDirectory));
  const history = parseHistory(text);
  if (text.endsWith('\n') || history.problems.at(-1)?.line !== text.split('\n').length) return history;
  // The last line may be in the middle of being written by a deploy: then it is whole a moment later.
  await sleep(WRITING_MS);
  return parseHistory(await textOf(historyPath(stateDirectory)));
}

const WRITING_MS = 30;

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw diskError(error, path);
  }
}

// Git leaves both sides of a conflict between these; both sides happened, so both are kept.
const CONFLICT_MARKER = /^(<{7}|={7}|>{7}|\|{7})( |$)/;

export function parseHistory(text: string): History {
  const history: History = { deployments: [], problems: [] };
  const seen = new Set<string>();
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || CONFLICT_MARKER.test(line)) continue;
    const entry = parseRecord(line);
    if (typeof entry === 'string') {
      history.problems.push({ line: index + 1, reason: entry });
    } else if (!seen.has(entry.uid)) {
      seen.add(entry.uid);
      history.deployments.push(entry);
    }
  }
  return history;
}

/** The records of one project in one environment, oldest first. */
export function deploymentsOf(
  history: History,
  scope: { project: string; environment: string },
): (Deployment & { newer?: true })[] {
  return history.deployments
    .filter((entry) => entry.project === scope.project && entry.environment === scope.environment)
    .sort((a, b) => numberOf(a) - numberOf(b) || a.startedAt.localeCompare(b.startedAt));
}

/** `v<n>` for the next record. */
export function nextId(deployments: readonly Deployment[]): string {
  return `v${Math.max(0, ...deployments.map(numberOf)) + 1}`;
}

/** Appends one record, durably. A torn last line is closed first, and stays. */
export async function appendHistory(stateDirectory: string, deployment: Deployment): Promise<void> {
  const path = historyPath(stateDirectory);
  await appendLineDurably(path, JSON.stringify(deployment)).catch((error: unknown) => {
    throw diskError(error, path);
  });
}
