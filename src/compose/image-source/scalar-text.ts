import type { Scalar } from 'yaml';
import { encoded, type SourceFile } from './source-files.ts';

/** How the scalars of a file are written. */
export type Quote = '"' | "'" | '';

/** The scalar as YAML text in that style; a plain one is quoted where YAML would take it for something else. */
export function scalarText(value: string, quote: Quote): string {
  const text = encoded(value);
  if (quote === "'") return `'${text.replaceAll("'", "''")}'`;
  if (quote === '"' || !staysString(text)) return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  return text;
}

/** Whether a plain scalar of these characters is a string to YAML 1.1 and 1.2 alike. */
export function staysString(text: string): boolean {
  if (!/^[A-Za-z0-9]/.test(text) || /: |\s#|:$|\s$|[{}[\],]/.test(text)) return false;
  if (/^(?:null|true|false|yes|no|on|off|y|n)$/i.test(text)) return false;
  return !/^[0-9][0-9_]*(?:\.[0-9_]*)?(?:e[-+]?[0-9]+)?$|^0[xob][0-9a-f_]+$|^[0-9]+(?::[0-9]+)+$|^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}/i.test(
    text,
  );
}

export function quoteOf(file: SourceFile, scalar: Scalar): Quote {
  const first = file.text[scalar.range?.[0] ?? 0];
  return first === '"' || first === "'" ? first : '';
}

/** The quotes that most images of the file are written in; plain where there are none. */
export function usualQuote(file: SourceFile): Quote {
  const counts = { '"': 0, "'": 0, '': 0 };
  for (const match of file.text.matchAll(/(?:^|[\s{,])["']?image["']?[ \t]*:[ \t]+(["']?)[^\s"'&*!|>#]/g)) {
    counts[match[1] as Quote]++;
  }
  if (counts['"'] > counts[''] && counts['"'] >= counts["'"]) return '"';
  return counts["'"] > counts[''] ? "'" : '';
}
