import type { Span } from './spans.ts';

/** The new text of every span so that together they make `wanted`; undefined where the spans cannot. */
export function align(spans: readonly Span[], wanted: string, writeEnv: boolean): string[] | undefined {
  const current = spans.map((span) => span.text).join('');
  const was = joints(current);
  const will = joints(wanted);
  const ends: number[] = [];
  let total = 0;
  for (const span of spans) ends.push((total += span.text.length));

  // best[p]: the cheapest way in which the spans so far make wanted[0..p).
  let best = new Map<number, { cost: number; texts: string[] }>([[0, { cost: 0, texts: [] }]]);
  spans.forEach((span, index) => {
    const last = index === spans.length - 1;
    const next = new Map<number, { cost: number; texts: string[] }>();
    for (const [from, { cost, texts }] of best) {
      for (let to = last ? wanted.length : from; to <= wanted.length; to++) {
        if (!last && !fits(ends[index] as number, was, to, will) && !grows(span, from, to, will)) continue;
        const text = wanted.slice(from, to);
        const price =
          cost + costOf(span, text, spans, writeEnv, was) + crowding(spans, index, text, ends, was);
        if (price < (next.get(to)?.cost ?? Number.POSITIVE_INFINITY))
          next.set(to, { cost: price, texts: [...texts, text] });
      }
    }
    best = next;
  });
  const texts = best.get(wanted.length)?.texts;
  return texts !== undefined && consistent(spans, texts) ? texts : undefined;
}

/** The offsets that divide a reference: 0, end of the name, start of what follows it, the digest's `@`, the end. */
interface Joints {
  nameEnd: number;
  restStart: number;
  digestAt: number;
  end: number;
}

function joints(reference: string): Joints {
  const end = reference.length;
  const at = reference.indexOf('@');
  const head = at === -1 ? reference : reference.slice(0, at);
  const colon = head.indexOf(':', head.lastIndexOf('/') + 1);
  const nameEnd = colon !== -1 ? colon : at !== -1 ? at : end;
  return { nameEnd, restStart: Math.min(nameEnd + 1, end), digestAt: at === -1 ? end : at, end };
}

/** Whether a border between two spans may move from `before` to `after` without a part of the name becoming part of the tag. */
function fits(before: number, was: Joints, after: number, will: Joints): boolean {
  if (before === 0) return after === 0;
  if (before === was.restStart && was.nameEnd < was.restStart) return after === will.restStart;
  // Where a part ends the whole reference, it may also end just its own part: text can be put behind it.
  if (before === was.end) {
    const part = before === was.nameEnd ? will.nameEnd : before === was.digestAt ? will.digestAt : will.end;
    return after === will.end || after === part;
  }
  if (before < was.nameEnd) return after > 0 && after <= will.nameEnd;
  if (before === was.nameEnd) return after === will.nameEnd;
  if (before < was.digestAt) return after >= will.restStart && after <= will.digestAt;
  if (before === was.digestAt) return after === will.digestAt;
  return after >= will.digestAt;
}

/** An empty variable in front of other text may grow, within the part of the reference that it stands in. */
function grows(span: Span, from: number, to: number, will: Joints): boolean {
  if (span.text !== '' || span.kind === 'fixed' || (span.kind === 'text' && span.origin === 'value'))
    return false;
  return from < will.restStart ? to <= will.nameEnd : to <= will.digestAt;
}

function costOf(span: Span, text: string, spans: readonly Span[], writeEnv: boolean, was: Joints): number {
  if (text === span.text) return 0;
  if (span.kind === 'fixed') return Number.POSITIVE_INFINITY;
  if (span.kind === 'unset') return writeEnv && text !== '' ? 0.9 : Number.POSITIVE_INFINITY;
  const size = replaced(span.text, text, span.origin === 'value' ? 1.2 : 1.1) / 1000;
  if (span.origin === 'value') {
    // The empty place behind a last variable is the last resort.
    return (span.from === span.to && spans.length > 1 ? 1.2 : 1) + size;
  }
  const emptied = text === '' ? 5 : 0;
  // A variable that held (a part of) a name should not grow a tag, unless it is the whole reference.
  const others = spans.some((other) => other !== span && other.text !== '');
  const grown = others && was.nameEnd === was.end && /[:@]/.test(text) && !/[:@]/.test(span.text) ? 0.3 : 0;
  return (span.origin === 'env' ? 1.1 : 1) + emptied + grown + size;
}

/** How much is taken away and put in, for choosing between ways that change as many places. */
function replaced(before: string, after: string, priceOfNew: number): number {
  const limit = Math.min(before.length, after.length);
  let same = 0;
  while (same < limit && before[same] === after[same]) same++;
  const head = same;
  while (same < limit && before.at(head - same - 1) === after.at(head - same - 1)) same++;
  return before.length - same + (after.length - same) * priceOfNew;
}

/** Text of a tag must not grow into the place where a variable would stand that only happens to be unset now. */
function crowding(
  spans: readonly Span[],
  index: number,
  text: string,
  ends: readonly number[],
  was: Joints,
): number {
  const span = spans[index] as Span;
  if (span.kind !== 'text' || text === span.text || (ends[index] as number) <= was.restStart) return 0;
  const left = spans[index - 1]?.kind === 'unset' && text[0] !== span.text[0];
  const right = spans[index + 1]?.kind === 'unset' && text.at(-1) !== span.text.at(-1);
  return left || right ? Number.POSITIVE_INFINITY : 0;
}

/** One place that is used twice has to get one text. */
function consistent(spans: readonly Span[], texts: readonly string[]): boolean {
  const seen = new Map<unknown, Map<string, string>>();
  return spans.every((span, index) => {
    const owner = span.kind === 'text' ? span.at : span.kind === 'unset' ? span.variable : undefined;
    if (owner === undefined) return true;
    const place = span.kind === 'text' ? `${span.from}-${span.to}` : '';
    const places = seen.get(owner) ?? new Map<string, string>();
    seen.set(owner, places);
    const text = texts[index] as string;
    if (places.has(place) && places.get(place) !== text) return false;
    places.set(place, text);
    return true;
  });
}
