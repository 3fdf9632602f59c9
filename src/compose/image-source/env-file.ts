import type { CookedText } from './cooked.ts';
import type { SourceFile } from './source-files.ts';
import { parseTemplate, type TemplatePart } from './template.ts';

/** One assignment in an env file. */
export interface EnvEntry {
  name: string;
  /** The value as written, unquoted, before its own `${…}` are replaced; undefined for a name alone. */
  value?: CookedText;
  parts: readonly TemplatePart[];
}

export interface EnvFile {
  file: SourceFile;
  /** In order; of two with one name the later counts. */
  entries: readonly EnvEntry[];
}

/** Reads an env file by Compose's rules (compose-go dotenv). What cannot be read ends the list. */
export function parseEnvFile(file: SourceFile): EnvFile {
  const { text } = file;
  const entries: EnvEntry[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && /\s/.test(text[at] as string)) at++;
    if (at >= text.length) break;
    if (text[at] === '#') {
      at = endOfLine(text, at);
      continue;
    }
    const head = /^(?:export[ \t]+)?([A-Za-z0-9_.[\]-]+)[ \t\r]*([=:]|\n|$)[ \t\v\f\r]*/.exec(
      text.slice(at, endOfLine(text, at) + 1),
    );
    if (!head) break;
    const name = head[1] as string;
    if (head[2] !== '=' && head[2] !== ':') {
      entries.push({ name, parts: [] });
      at = endOfLine(text, at);
      continue;
    }
    const read = readValue(file, at + head[0].length);
    if (!read) break;
    entries.push({ name, value: read.value, parts: read.parts });
    at = read.next;
  }
  return { file, entries };
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end === -1 ? text.length : end;
}

function readValue(
  file: SourceFile,
  at: number,
): { value: CookedText; parts: TemplatePart[]; next: number } | undefined {
  const { text } = file;
  const quote = text[at];
  if (quote !== '"' && quote !== "'") {
    const line = endOfLine(text, at);
    let end = at;
    // A comment needs white space before it: a#b is all value.
    while (end < line && !(text[end] === '#' && (end === at || /\s/.test(text[end - 1] as string)))) end++;
    while (end > at && /\s/.test(text[end - 1] as string)) end--;
    const value = cooked(file, at, end, false);
    return { value, parts: parseTemplate(value.value) ?? whole(value), next: line };
  }
  let end = at + 1;
  while (end < text.length && !(text[end] === quote && text[end - 1] !== '\\')) end++;
  if (end >= text.length) return undefined;
  const value = cooked(file, at + 1, end, quote === '"');
  const parts = quote === '"' ? (parseTemplate(value.value) ?? whole(value)) : whole(value);
  return { value, parts, next: endOfLine(text, end) };
}

function whole(value: CookedText): TemplatePart[] {
  return value.value === '' ? [] : [{ kind: 'text', from: 0, to: value.value.length }];
}

function cooked(file: SourceFile, from: number, to: number, escapes: boolean): CookedText {
  const starts: number[] = [];
  const ends: number[] = [];
  let value = '';
  for (let i = from; i < to;) {
    const escaped = escapes && file.text[i] === '\\' && i + 1 < to && file.text[i + 1] !== '$';
    const next = file.text[i + 1] as string;
    value += escaped ? ({ n: '\n', r: '\r', t: '\t' }[next] ?? next) : file.text[i];
    starts.push(i);
    i += escaped ? 2 : 1;
    ends.push(i);
  }
  return { file, value, starts, ends, home: from };
}
