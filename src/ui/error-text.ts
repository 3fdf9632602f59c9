import { messageOf, type RewindError } from '../errors.ts';
import type { Style } from './terminal.ts';

// Everything that moves a cursor, colours, rings or hides: C0 (but tab), DEL, C1, and the Unicode marks that
// turn the direction of text around or take no room. A container's log or a tag must not be able to draw.
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u0008\u000A-\u001F\u007F-\u009F\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF]/g;

/** Text from outside (a log line, a tag, a file name) as one line that cannot change what the terminal shows. */
export function plain(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code <= 0xff
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** Like `plain`, for text of several lines; carriage returns before a line feed are dropped. */
export function plainLines(text: string): string[] {
  return text.split(/\r?\n/).map(plain);
}

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
  return debug ? `${first}\n${stack}\n` : `${first} (run again with --debug for the details)\n`;
}
