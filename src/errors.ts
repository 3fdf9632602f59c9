/** Exit codes of every command (docs/exit-codes.md). 125–127 are never used: docker and shells give them other meanings. */
export const ExitCode = {
  done: 0,
  /** Failed, and everything is as it was before. */
  failed: 1,
  usage: 2,
  /** Done in part; for `status`: drift was found. */
  partial: 3,
  /** A guard said no; nothing was touched. */
  refused: 4,
  /** Failed and not undone; `recover` says what to do. */
  notUndone: 5,
  notFound: 10,
  locked: 11,
  wrongKey: 12,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCodeName = keyof typeof ExitCode;

/** What a changing command left: everything as it was, untouched or put back, or something that could not be put back. */
export type StateAfter = 'unchanged' | 'undone' | 'not-undone';

/**
 * The one error that people see: a message that says what is wrong and what state things are in,
 * and a hint that says what to type next. Anything else that is thrown is a bug in this program.
 */
export class RewindError extends Error {
  override readonly name = 'RewindError';
  /** Stable, upper-case, for scripts: `NO_COMPOSE_FILE`, `LOCKED`, … */
  readonly code: string;
  readonly exitCode: number;
  /** What to do now, as a sentence or a command line. */
  readonly hint: string | undefined;
  /** Further lines (the last log lines of a container, a model difference): shown below the message. */
  readonly details: readonly string[];
  /** Set where the message says it. */
  readonly state: StateAfter | undefined;

  constructor(
    code: string,
    message: string,
    options: {
      exit?: ExitCodeName;
      hint?: string;
      details?: readonly string[];
      state?: StateAfter;
      cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.exitCode = ExitCode[options.exit ?? 'failed'];
    this.hint = options.hint;
    this.details = options.details ?? [];
    this.state = options.state;
  }
}

/** The name of an error's exit code. */
export function exitOf(error: RewindError): ExitCodeName {
  const name = Object.entries(ExitCode).find(([, code]) => code === error.exitCode)?.[0];
  return (name as ExitCodeName | undefined) ?? 'failed';
}

const MEND = 'Mend what the message names, then try again; docker rewind doctor helps to find it';

/** The same error, saying what state everything is in. What is no error of ours becomes one: the state matters most. */
export function withState(
  thrown: unknown,
  state: StateAfter,
  text: string,
  exit?: ExitCodeName,
): RewindError {
  const error =
    thrown instanceof RewindError
      ? thrown
      : new RewindError('INTERNAL', `internal error: ${messageOf(thrown)}`, {
          hint: 'Run again with --debug for the details',
        });
  // Who wanted out needs no advice.
  const hint = error.hint ?? (isInterruption(error) ? undefined : MEND);
  return new RewindError(error.code, `${error.message}. ${text}`, {
    exit: exit ?? exitOf(error),
    details: error.details,
    ...(hint === undefined ? {} : { hint }),
    state,
    cause: thrown,
  });
}

/** Whether somebody wanted out: such a command ends with 130 or 143 also where it had to put things back. */
export function isInterruption(error: unknown): error is RewindError {
  return (
    error instanceof RewindError &&
    (error.exitCode === ExitCode.interrupted || error.exitCode === ExitCode.terminated)
  );
}

/** The message of anything that was thrown, on one line. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().split('\n')[0] ?? text;
}
