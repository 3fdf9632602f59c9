import { messageOf, type RewindError } from '../errors.ts';
import { plain, plainLines } from './plain.ts';
import type { Style } from './terminal.ts';

const PREFIX = 'docker rewind: ';

/** What a person sees of an error: one line that says it, details below it, and what to do last. */
export function errorText(error: RewindError, style: Style): string {
  const lines = [style.red(PREFIX) + plain(error.message)];
  for (const detail of error.details.flatMap((text) => plainLines(text)))
    lines.push(`  ${style.dim(detail)}`);
  if (error.hint !== undefined) lines.push(`${style.cyan('→')} ${plain(error.hint)}`);
  return `${lines.join('\n')}\n`;
}

/** The same for scripts. */
export function errorDocument(error: RewindError): object {
  return {
    error: {
      code: error.code,
      message: error.message,
      hint: error.hint ?? null,
      details: error.details,
      state: error.state ?? null,
      exitCode: error.exitCode,
    },
  };
}

/** Something that was thrown and is no RewindError: a bug here, so the stack is for whoever asks for it. */
export function internalErrorText(thrown: unknown, debug: boolean): string {
  const first = `${PREFIX}internal error: ${plain(messageOf(thrown))}`;
  const stack = thrown instanceof Error ? (thrown.stack ?? '') : '';
  return debug
    ? `${first}\n${plainLines(stack).join('\n')}\n`
    : `${first} (run again with --debug for the details)\n`;
}
