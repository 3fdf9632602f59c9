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
