import { Chalk } from 'chalk';

export type ProgressMode = 'tty' | 'plain' | 'json' | 'quiet';

/** The few ways to set text apart; each returns its text unchanged where colour is off. */
export type Style = Readonly<
  Record<'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', (text: string) => string>
>;

/** What the terminal can do and what the user asked of it, decided once, here, for every renderer and prompt. */
export interface Terminal {
  /** Whether stderr, where progress and prompts go, may be coloured. */
  colour: boolean;
  progress: ProgressMode;
  /** Somebody is there to answer: stdin and stderr are terminals, and this is no CI job. */
  interactive: boolean;
  columns: number;
  /** For results, on stdout. */
  style: Style;
  /** For progress, prompts and errors, on stderr. */
  progressStyle: Style;
}

/** All that the decision depends on. */
export interface TerminalInputs {
  flags: { progress?: string | undefined; ansi?: string | undefined };
  env: Readonly<Record<string, string | undefined>>;
  stdin: { isTTY?: boolean };
  stdout: { isTTY?: boolean; columns?: number };
  stderr: { isTTY?: boolean; columns?: number };
}

const MODES: readonly string[] = ['tty', 'plain', 'json', 'quiet'];

/** Decides colour, progress and interactivity from flags, environment and streams. */
export function createTerminal(inputs: TerminalInputs): Terminal {
  const { env, stdin, stdout, stderr } = inputs;
  const ansi = choice(inputs.flags.ansi, env['COMPOSE_ANSI'], ['never', 'always', 'auto']);
  const colour = hasColour(ansi, env, stderr.isTTY === true);
  const width = stderr.columns ?? stdout.columns ?? Number(env['COLUMNS']);
  return {
    colour,
    progress: progressMode(inputs, ansi),
    interactive: stdin.isTTY === true && stderr.isTTY === true && !isSet(env['CI']),
    columns: Number.isInteger(width) && width > 0 ? width : 80,
    style: styles(hasColour(ansi, env, stdout.isTTY === true)),
    progressStyle: styles(colour),
  };
}

// In the order of strength: our own flag, then the conventions (no-color.org, force-color.org, bixense.com/clicolors).
function hasColour(ansi: string | undefined, env: TerminalInputs['env'], isTTY: boolean): boolean {
  if (ansi === 'never') return false;
  if (ansi === 'always') return true;
  if (env['NO_COLOR']) return false;
  if (env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '') return isSet(env['FORCE_COLOR']);
  if (isSet(env['CLICOLOR_FORCE'])) return true;
  return isTTY && env['TERM'] !== 'dumb' && env['CLICOLOR'] !== '0';
}

function progressMode(inputs: TerminalInputs, ansi: string | undefined): ProgressMode {
  const asked = choice(inputs.flags.progress, inputs.env['COMPOSE_PROGRESS'], [...MODES, 'auto']);
  // What is redrawn in place would not be seen at all where there is no terminal.
  if (asked === 'tty' && inputs.stderr.isTTY !== true) return 'plain';
  if (asked !== undefined && asked !== 'auto') return asked as ProgressMode;
  // The tty display moves the cursor, which is the same kind of sequence as colour: `--ansi never` rules it out.
  const canRedraw = inputs.stderr.isTTY === true && inputs.env['TERM'] !== 'dumb' && ansi !== 'never';
  return canRedraw ? 'tty' : 'plain';
}

/** A value of the environment that we do not know is left to Compose, which has more of them than we do. */
function choice(
  flag: string | undefined,
  env: string | undefined,
  known: readonly string[],
): string | undefined {
  return flag ?? (env !== undefined && known.includes(env) ? env : undefined);
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && !['', '0', 'false'].includes(value.toLowerCase());
}

function styles(on: boolean): Style {
  // Whether there is colour is decided above, once, and not by chalk's own look at the streams.
  const { bold, dim, red, green, yellow, cyan } = new Chalk({ level: on ? 1 : 0 });
  return { bold, dim, red, green, yellow, cyan };
}
