/**
 * Compose's interpolation syntax, read but never applied here on its own: what a value comes to is always asked of
 * Compose; this only finds which characters it comes from.
 */
export type TemplatePart =
  | { kind: 'text'; from: number; to: number }
  /** `$$`, which stands for one dollar sign. */
  | { kind: 'dollar'; from: number; to: number }
  | {
      kind: 'variable';
      from: number;
      to: number;
      name: string;
      operator?: ':-' | '-' | ':?' | '?' | ':+' | '+';
      /** What follows the operator; offsets are those of the whole value. */
      argument?: { from: number; to: number; parts: TemplatePart[] };
    };

const NAME = /[_a-zA-Z][_a-zA-Z0-9]*/y;
const OPERATOR = /:-|:\?|:\+|-|\?|\+/y;

/** Cuts `value[from..to)` into literal text and variables; undefined where Compose would call it invalid. */
export function parseTemplate(value: string, from = 0, to = value.length): TemplatePart[] | undefined {
  const parts: TemplatePart[] = [];
  let textFrom = from;
  const flush = (end: number): void => {
    if (end > textFrom) parts.push({ kind: 'text', from: textFrom, to: end });
  };
  for (let i = from; i < to;) {
    if (value[i] !== '$') {
      i++;
      continue;
    }
    flush(i);
    const part =
      value[i + 1] === '$' ? { kind: 'dollar' as const, from: i, to: i + 2 } : variable(value, i, to);
    if (part === undefined) return undefined;
    parts.push(part);
    i = part.to;
    textFrom = i;
  }
  flush(to);
  return parts;
}

function variable(value: string, at: number, limit: number): TemplatePart | undefined {
  const braced = value[at + 1] === '{';
  NAME.lastIndex = at + (braced ? 2 : 1);
  const name = NAME.exec(value)?.[0];
  if (name === undefined) return undefined;
  const afterName = NAME.lastIndex;
  if (!braced) return afterName > limit ? undefined : { kind: 'variable', from: at, to: afterName, name };
  if (value[afterName] === '}') return { kind: 'variable', from: at, to: afterName + 1, name };
  OPERATOR.lastIndex = afterName;
  const operator = OPERATOR.exec(value)?.[0] as ':-' | undefined;
  const close = closingBrace(value, at, limit);
  if (operator === undefined || close === -1) return undefined;
  const from = afterName + operator.length;
  const parts = parseTemplate(value, from, close);
  if (parts === undefined) return undefined;
  return { kind: 'variable', from: at, to: close + 1, name, operator, argument: { from, to: close, parts } };
}

/** Only `${` opens a level, as in Compose: a lone `{` in a default does not. */
function closingBrace(value: string, at: number, limit: number): number {
  let depth = 0;
  for (let i = at; i < limit; i++) {
    if (value[i] === '}' && --depth === 0) return i;
    if (value.startsWith('${', i)) {
      depth++;
      i++;
    }
  }
  return -1;
}
