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

/**
 * What happened last, in that time, to the containers that were sent a signal or ended. One that was signalled and has not
 * ended since, the engine may be about to kill.
 */
export async function recentEnds(
  runner: Runner,
  project: string,
  seconds: number,
): Promise<ReadonlyMap<string, 'signalled' | 'ended'>> {
  const result = await runner.run(containerEventsArgv(project, seconds));
  if (result.exitCode !== 0) throw engineError(result);
  const last = new Map<string, 'signalled' | 'ended'>();
  for (const line of answerLines(result.stdout, 'events')) {
    const event = jsonAnswer<{ Action: string; Actor: { ID: string } }>(line, 'events');
    last.set(event.Actor.ID, event.Action === 'kill' ? 'signalled' : 'ended');
  }
  return last;
}
