import { answerLines, jsonAnswer } from './answer.ts';
import { engineError } from './engine-error.ts';
import type { Argv, Runner } from './runner.ts';

/**
 * The container events of a project in the last seconds: signals sent, and ends. docker rounds times that are relative
 * down to whole seconds: only one second from now has what is happening now, and the answer takes as long.
 */
export function containerEventsArgv(project: string, seconds: number): Argv {
  return [
    'docker',
    'events',
    '--since',
    `${seconds}s`,
    '--until',
    '-1s',
    '--filter',
    'type=container',
    '--filter',
    'event=kill',
    '--filter',
    'event=die',
    '--filter',
    `label=com.docker.compose.project=${project}`,
    '--format',
    '{{json .}}',
  ];
}

/** The containers that were sent a signal in that time and have not ended since: the engine may be about to kill them. */
export async function signalledContainers(
  runner: Runner,
  project: string,
  seconds: number,
): Promise<ReadonlySet<string>> {
  const result = await runner.run(containerEventsArgv(project, seconds));
  if (result.exitCode !== 0) throw engineError(result);
  const signalled = new Set<string>();
  for (const line of answerLines(result.stdout, 'events')) {
    const event = jsonAnswer<{ Action: string; Actor: { ID: string } }>(line, 'events');
    if (event.Action === 'kill') signalled.add(event.Actor.ID);
    else signalled.delete(event.Actor.ID);
  }
  return signalled;
}
