import type { Deployment } from '../deployments/deployment.ts';
import { RewindError } from '../errors.ts';
import { plain } from './plain.ts';
import { age } from './time-text.ts';

// Prompts are no results: they go to stderr, so that stdout can be piped.
const context = { output: process.stderr };

/** A yes or no; no is the default: whoever only hits Return changes nothing. */
export async function confirm(message: string): Promise<boolean> {
  const { confirm: ask } = await import('@inquirer/prompts');
  return answered(ask({ message, default: false }, context));
}

/** A searchable menu of deployments; `changes` says what going to each would change. */
export async function chooseDeployment(
  candidates: readonly Deployment[],
  current: Deployment | undefined,
  changes: (deployment: Deployment) => string,
): Promise<Deployment> {
  const { search } = await import('@inquirer/prompts');
  const line = (entry: Deployment): string => {
    const images = Object.values(entry.services)
      .map((service) => service.image)
      .join(' ');
    const label = `${entry.id.padEnd(5)} ${age(entry.startedAt).padStart(4)} ago  ${entry.user}  ${images}`;
    return plain(entry.message === null ? label : `${label}  "${entry.message}"`);
  };
  const choices = candidates.map((entry) => {
    const running = entry.uid === current?.uid;
    return {
      name: line(entry),
      short: entry.id,
      value: entry,
      description: plain(changes(entry)),
      ...(running ? { disabled: '(runs now)' } : {}),
    };
  });
  return answered(
    search<Deployment>(
      {
        message: 'Go back to which deployment?',
        source: (term) => choices.filter((choice) => matches(choice.name, term)),
        pageSize: 10,
      },
      context,
    ),
  );
}

function matches(text: string, term: string | undefined): boolean {
  const words = (term ?? '').toLowerCase().split(/\s+/);
  return words.every((word) => text.toLowerCase().includes(word));
}

/** Ctrl-C at a prompt is an interruption like any other. */
async function answered<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if ((error as Error).name !== 'ExitPromptError') throw error;
    throw new RewindError('INTERRUPTED', 'interrupted. Nothing was changed', {
      exit: 'interrupted',
      cause: error,
    });
  }
}
