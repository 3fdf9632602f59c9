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

  constructor(
    code: string,
    message: string,
    options: { exit?: ExitCodeName; hint?: string; details?: readonly string[]; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.exitCode = ExitCode[options.exit ?? 'failed'];
    this.hint = options.hint;
    this.details = options.details ?? [];
  }
}

/** The message of anything that was thrown, on one line. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().split('\n')[0] ?? text;
}
