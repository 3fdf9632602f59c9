import type { SourceFile } from './source-files.ts';

/** A value as it reads after unquoting, with the place in the file that each of its characters came from. */
export interface CookedText {
  file: SourceFile;
  value: string;
  /** For each character of `value` the offset of its first byte in `file.text`. */
  starts: readonly number[];
  /** For each character the offset after its last byte. */
  ends: readonly number[];
  /** Where text goes when the value is empty. */
  home: number;
}

export type CookedStyle = 'plain' | 'single' | 'double';

class Collector {
  value = '';
  readonly starts: number[] = [];
  readonly ends: number[] = [];

  add(text: string, start: number, end: number): void {
    for (let i = 0; i < text.length; i++) {
      this.starts.push(start);
      this.ends.push(end);
    }
    this.value += text;
  }

  cut(length: number): void {
    this.value = this.value.slice(0, length);
    this.starts.length = length;
    this.ends.length = length;
  }

  done(file: SourceFile, home: number): CookedText {
    return { file, value: this.value, starts: this.starts, ends: this.ends, home };
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  '\t': '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  ' ': ' ',
  '"': '"',
  '/': '/',
  '\\': '\\',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
};

/** The content of a YAML flow scalar: `from` and `to` are offsets without the quotes. */
export function cookFlowScalar(file: SourceFile, from: number, to: number, style: CookedStyle): CookedText {
  const { text } = file;
  const out = new Collector();
  for (let i = from; i < to;) {
    const char = text[i] as string;
    if (char === '\n' || (char === '\r' && text[i + 1] === '\n')) {
      i = foldLines(text, i, to, out, from);
    } else if (style === 'single' && char === "'" && text[i + 1] === "'") {
      out.add("'", i, i + 2);
      i += 2;
    } else if (style === 'double' && char === '\\') {
      i = escape(text, i, to, out);
    } else {
      out.add(char, i, i + 1);
      i++;
    }
  }
  return out.done(file, from);
}

/** One line break reads as a space, each further one as itself; white space around them is gone. */
function foldLines(text: string, at: number, to: number, out: Collector, from: number): number {
  let kept = out.value.length;
  while (kept > 0 && /[ \t]/.test(out.value[kept - 1] as string)) {
    if ((out.ends[kept - 1] as number) - (out.starts[kept - 1] as number) > 1) break;
    kept--;
  }
  out.cut(kept);
  const start = out.ends.at(-1) ?? from;
  let breaks = 0;
  let end = at;
  for (; end < to && /[ \t\r\n]/.test(text[end] as string); end++) if (text[end] === '\n') breaks++;
  out.add(breaks === 1 ? ' ' : '\n'.repeat(breaks - 1), start, end);
  return end;
}

function escape(text: string, at: number, to: number, out: Collector): number {
  const code = text[at + 1] ?? '';
  const digits = { x: 2, u: 4, U: 8 }[code];
  if (digits !== undefined) {
    const end = at + 2 + digits;
    const point = Number.parseInt(text.slice(at + 2, end), 16);
    out.add(point >= 0 && point <= 0x10ffff ? String.fromCodePoint(point) : '', at, end);
    return end;
  }
  if (code === '\n' || code === '\r') {
    // An escaped line break joins the lines without a space.
    let end = at + 1;
    while (end < to && /[ \t\r\n]/.test(text[end] as string)) end++;
    return end;
  }
  out.add(ESCAPES[code] ?? code, at, at + 2);
  return at + 2;
}

/** The content of a YAML block scalar whose header starts at `from`; undefined for forms that nobody writes an image in. */
export function cookBlockScalar(file: SourceFile, from: number, to: number): CookedText | undefined {
  const { text } = file;
  const header = /^([|>])([0-9+-]*)[^\n]*(?:\n|$)/.exec(text.slice(from, to));
  if (!header) return undefined;
  const folded = header[1] === '>';
  const lines: { from: number; to: number }[] = [];
  for (let i = from + header[0].length; i < to;) {
    const found = text.indexOf('\n', i);
    const next = found === -1 || found >= to ? to : found + 1;
    let end = found === -1 || found >= to ? to : found;
    if (text[end - 1] === '\r') end--;
    lines.push({ from: i, to: Math.max(end, i) });
    i = next;
  }
  const filled = lines.filter((line) => text.slice(line.from, line.to).trim() !== '');
  const first = filled[0];
  if (!first) return undefined;
  const indent = /^ */.exec(text.slice(first.from, first.to))?.[0].length ?? 0;
  if (/[0-9]/.test(header[2] ?? '')) return undefined;
  const body = lines.slice(0, lines.indexOf(filled.at(-1) as (typeof lines)[number]) + 1);
  if (folded && (body.length !== filled.length || filled.some((line) => text[line.from + indent] === ' '))) {
    return undefined;
  }
  const out = new Collector();
  body.forEach((line, index) => {
    if (index > 0) out.add(folded ? ' ' : '\n', (body[index - 1] as typeof line).to, line.from + indent);
    for (let i = line.from + indent; i < line.to; i++) out.add(text[i] as string, i, i + 1);
  });
  const trailing = lines.length - body.length;
  const after = (body.at(-1) as (typeof lines)[number]).to;
  const chomp = /[+-]/.exec(header[2] ?? '')?.[0];
  if (chomp !== '-') out.add('\n'.repeat(chomp === '+' ? trailing + 1 : 1), after, after);
  return out.done(file, first.from + indent);
}

/** The raw range of the characters `from`..`to` of a cooked value. */
export function rawRange(cooked: CookedText, from: number, to: number): { start: number; end: number } {
  if (from < to) return { start: cooked.starts[from] as number, end: cooked.ends[to - 1] as number };
  const start = from > 0 ? (cooked.ends[from - 1] as number) : (cooked.starts[0] ?? cooked.home);
  return { start, end: start };
}
