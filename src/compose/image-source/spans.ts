import { type CookedText } from './cooked.ts';
import type { TemplatePart } from './template.ts';
import type { Definition, Lookup } from './variables.ts';

/** A piece of a resolved value together with where it is written. */
export type Span =
  /** Characters of a file: they can be edited. */
  | {
      kind: 'text';
      text: string;
      at: CookedText;
      from: number;
      to: number;
      origin: 'value' | 'default' | 'env';
      variable?: string;
    }
  /** Text that no edit of a file can change; `variable` when the process environment supplies it. */
  | { kind: 'fixed'; text: string; variable?: string }
  /** A variable that nothing sets: a new line in an env file could. `text` is what its default gives now. */
  | { kind: 'unset'; text: string; variable: string; required: boolean };

export interface SpanOptions {
  /** Show a variable that nothing sets as one `unset` span even where it has a default. */
  writeEnv: boolean;
}

/** What a value comes to, piece by piece; the texts put together are the resolved value. */
export function spansOf(
  value: CookedText,
  parts: readonly TemplatePart[],
  lookup: Lookup,
  options: SpanOptions,
): Span[] {
  const spans = flatten(
    value,
    parts,
    { from: 0, to: value.value.length },
    'value',
    undefined,
    lookup,
    options,
  );
  // Text may also be put behind a variable that ends the value.
  if (parts.at(-1)?.kind === 'variable' && spans.at(-1)?.kind !== 'unset') {
    const end = value.value.length;
    spans.push({ kind: 'text', text: '', at: value, from: end, to: end, origin: 'value' });
  }
  return spans;
}

function flatten(
  value: CookedText,
  parts: readonly TemplatePart[],
  range: { from: number; to: number },
  origin: 'value' | 'default' | 'env',
  variable: string | undefined,
  lookup: Lookup,
  options: SpanOptions,
): Span[] {
  const named = variable === undefined ? {} : { variable };
  if (parts.length === 0) return [{ kind: 'text', text: '', at: value, ...range, origin, ...named }];
  return parts.flatMap((part): Span[] => {
    if (part.kind === 'dollar') return [{ kind: 'fixed', text: '$' }];
    if (part.kind === 'text') {
      const text = value.value.slice(part.from, part.to);
      return [{ kind: 'text', text, at: value, from: part.from, to: part.to, origin, ...named }];
    }
    return ofVariable(value, part, origin, lookup, options);
  });
}

function ofVariable(
  value: CookedText,
  part: Extract<TemplatePart, { kind: 'variable' }>,
  origin: 'value' | 'default' | 'env',
  lookup: Lookup,
  options: SpanOptions,
): Span[] {
  const definition = lookup(part.name);
  const { operator, argument } = part;
  const filled = operator?.startsWith(':')
    ? definition !== undefined && definition.value !== ''
    : definition !== undefined;
  const inner = (): Span[] =>
    argument === undefined
      ? []
      : flatten(
          value,
          argument.parts,
          argument,
          origin === 'env' ? 'env' : 'default',
          part.name,
          lookup,
          options,
        );
  if (operator === ':+' || operator === '+') return filled ? inner() : [{ kind: 'fixed', text: '' }];
  if (definition !== undefined && (filled || operator === undefined))
    return ofDefinition(part.name, definition, options);
  if (operator === ':-' || operator === '-') {
    if (definition !== undefined || !options.writeEnv) return inner();
    return [{ kind: 'unset', text: textOf(inner()), variable: part.name, required: false }];
  }
  return [{ kind: 'unset', text: '', variable: part.name, required: operator !== undefined }];
}

function ofDefinition(name: string, definition: Definition, options: SpanOptions): Span[] {
  if (definition.entry?.value === undefined)
    return [{ kind: 'fixed', text: definition.value, variable: name }];
  const { value, parts } = definition.entry;
  return flatten(value, parts, { from: 0, to: 0 }, 'env', name, definition.lookup, options);
}

/** The resolved value that the spans make up. */
export function textOf(spans: readonly Span[]): string {
  return spans.map((span) => span.text).join('');
}
