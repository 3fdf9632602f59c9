import { ExitCode, messageOf, RewindError } from '../errors.ts';
import { errorDocument, errorText, internalErrorText } from '../ui/error-text.ts';
import { plainLines } from '../ui/plain.ts';
import type { Style } from '../ui/terminal.ts';

/** Says what went wrong, in the form that was asked for, and sets the exit code. */
export function reportError(thrown: unknown, options: { json: boolean; debug: boolean; style: Style }): void {
  const error = thrown instanceof RewindError ? thrown : undefined;
  process.exitCode = error?.exitCode ?? ExitCode.failed;
  if (options.json) {
    const shown = error ?? new RewindError('INTERNAL', `internal error: ${messageOf(thrown)}`);
    process.stdout.write(`${JSON.stringify(errorDocument(shown), undefined, 2)}\n`);
    if (error === undefined && options.debug) process.stderr.write(internalErrorText(thrown, true));
    return;
  }
  process.stderr.write(error ? errorText(error, options.style) : internalErrorText(thrown, options.debug));
  if (error && options.debug)
    process.stderr.write(`${plainLines(`${error.stack ?? ''}\n${causes(error)}`).join('\n')}\n`);
}

function causes(error: RewindError): string {
  return error.cause instanceof Error ? `caused by ${error.cause.stack ?? error.cause.message}` : '';
}
