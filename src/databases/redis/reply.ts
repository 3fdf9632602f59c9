/** An element of a reply as the client shows it: text, or a list of elements. */
export type Reply = string | Reply[];

/**
 * Reads a list as the client shows it, `1) "a"`, lists in lists indented. The brackets of one list stand below one
 * another.
 */
export function listOf(lines: readonly string[]): Reply[] {
  const root: Reply[] = [];
  const open: { column: number; list: Reply[] }[] = [];
  for (const line of lines) {
    let at = 0;
    let list = root;
    for (let match; (match = /^( *\d+)\) /.exec(line.slice(at))) !== null; at += match[0].length) {
      const column = at + (match[1] ?? '').length;
      while (open.length > 0 && (open.at(-1)?.column ?? 0) > column) open.pop();
      if (open.at(-1)?.column !== column) {
        const inner = open.length === 0 ? root : [];
        if (inner !== root) open.at(-1)?.list.push(inner);
        open.push({ column, list: inner });
      }
      list = open.at(-1)?.list ?? root;
    }
    const text = line.slice(at);
    if (at === 0) continue;
    if (text === '(empty array)') list.push([]);
    else list.push(text.startsWith('"') ? unquote(text) : text.replace(/^\(integer\) /, ''));
  }
  return root;
}

/** A word as the client reads it: in double quotes, everything that is not plain as its code. */
export function quote(word: string): string {
  if (/^[A-Za-z0-9_./:*~&+@>-]+$/.test(word)) return word;
  const bytes = [...Buffer.from(word, 'utf8')].map((byte) =>
    byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).padStart(2, '0')}`,
  );
  return `"${bytes.join('')}"`;
}

const ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, a: 7, b: 8 };

/** What the client shows in double quotes. */
export function unquote(shown: string): string {
  const bytes: number[] = [];
  const text = shown.slice(1, -1);
  for (const [, hex, letter, plain] of text.matchAll(/\\x([0-9a-fA-F]{2})|\\(.)|([^\\])/gsu)) {
    if (hex !== undefined) bytes.push(Number.parseInt(hex, 16));
    else if (letter !== undefined)
      bytes.push(...(ESCAPES[letter] === undefined ? Buffer.from(letter) : [ESCAPES[letter]]));
    else bytes.push(...Buffer.from(plain ?? ''));
  }
  return Buffer.from(bytes).toString('utf8');
}
