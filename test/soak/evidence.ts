import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SoakProject } from './project.ts';

const FILES = ['progress.jsonl', 'watchdog.log', 'still.json'];

/** How far the unfinished executions came: their steps by name, and what else their journals hold that says something. */
export function evidenceOf(project: SoakProject): string[] {
  return project.journals().map((id) => {
    const directory = join(project.directory, '.rewind', 'journal', id);
    const files = FILES.map((name) => `${name}: ${textOf(join(directory, name)).trim()}`);
    return [`journal ${id} (${readdirSync(directory).join(' ')})`, stepsOf(directory), ...files].join(
      '\n    ',
    );
  });
}

function stepsOf(directory: string): string {
  const names = (steps: readonly { kind: string }[] | undefined): string =>
    (steps ?? []).map(({ kind }, index) => `${index} ${kind}`).join(', ');
  try {
    const plan = JSON.parse(textOf(join(directory, 'plan.json'))) as Record<
      'steps' | 'undo' | 'finish',
      { kind: string }[] | undefined
    > & { command: string; onward?: number };
    return `${plan.command}: ${names(plan.steps)}; onward from ${plan.onward}; back: ${names(plan.undo)}; finish: ${names(plan.finish)}`;
  } catch {
    return 'no plan';
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
