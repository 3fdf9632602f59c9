import { RewindError } from '../errors.ts';
import type { Argv } from './runner.ts';

/** How long docker and git may take to answer a question, in milliseconds. */
const ANSWER_WITHIN_MS = 120_000;

// What only looks, by the words behind `docker`. Everything that is not named here may change something and takes as
// long as it takes: a build, a pull, a stop of what ends slowly, a script in a container.
const QUESTIONS: readonly (readonly string[])[] = [
  ['ps'],
  ['info'],
  ['version'],
  ['context', 'inspect'],
  ['context', 'show'],
  ['container', 'inspect'],
  ['container', 'logs'],
  ['container', 'ls'],
  ['image', 'inspect'],
  ['image', 'ls'],
  ['network', 'inspect'],
  ['network', 'ls'],
  ['volume', 'inspect'],
  ['volume', 'ls'],
  ['compose', 'config'],
  ['compose', 'ls'],
  ['compose', 'ps'],
  ['compose', 'version'],
];

// What changes something, but at once: an engine that is well does not let anybody wait for it.
const SHORT: readonly string[] = ['container rm', 'volume create', 'volume rm'];

const GIT_QUESTIONS = new Set(['rev-parse', 'status', 'diff', 'ls-files', 'log', 'show']);

/** The flags of `docker compose` in front of its command that have no value of their own. */
const COMPOSE_SWITCHES = new Set(['--dry-run', '--all-resources', '--compatibility', '--help']);

/** Whether a command line only asks, so that its answer cannot take long and ending it changes nothing. */
export function isQuestion(argv: Argv): boolean {
  const words = commandOf(argv);
  if (argv[0] === 'git') return GIT_QUESTIONS.has(words[0] ?? '');
  if (words[0] === 'events') return argv.includes('--until');
  if (argv.includes('--follow')) return false;
  return QUESTIONS.some((question) => question.join(' ') === words.join(' '));
}

export const isComposeConfig = (argv: Argv): boolean => commandName(argv) === 'docker compose config';

/** Whether there is a limit to how long it may take. */
export function isShort(argv: Argv): boolean {
  return isQuestion(argv) || (argv[0] === 'docker' && SHORT.includes(commandOf(argv).join(' ')));
}

/** The command that a line runs, without its arguments: `docker compose config`, for people. */
export function commandName(argv: Argv): string {
  return [argv[0], ...commandOf(argv)].join(' ');
}

/** `['ps']`, `['container', 'inspect']`, `['compose', 'config']`; for git its command. */
function commandOf(argv: Argv): string[] {
  const [program, first = '', second = ''] = argv;
  if (program === 'git') return [first];
  if (first === 'compose') {
    let at = 2;
    while (argv[at]?.startsWith('-') === true) at += COMPOSE_SWITCHES.has(argv[at] ?? '') ? 1 : 2;
    return ['compose', argv[at] ?? ''];
  }
  return GROUPS.has(first) ? [first, second] : [first];
}

const GROUPS = new Set(QUESTIONS.filter((words) => words.length === 2).map(([group]) => group));

/** Milliseconds that a question may take: two minutes, or REWIND_ANSWER_WITHIN in seconds. */
export function answerWithin(env: Readonly<Record<string, string | undefined>> = process.env): number {
  const seconds = Number(env['REWIND_ANSWER_WITHIN']);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : ANSWER_WITHIN_MS;
}

/** A question that was asked and not answered in time. */
export function noAnswer(argv: Argv, milliseconds: number): RewindError {
  return new RewindError(
    'NO_ANSWER',
    `"${commandName(argv)}" gave no answer within ${Math.round(milliseconds / 1000)} seconds`,
    {
      hint:
        argv[0] === 'git'
          ? 'See whether git status answers in this directory'
          : 'See whether docker ps answers; docker rewind doctor says more',
    },
  );
}
