import { relative } from 'node:path';
import type { Scalar } from 'yaml';
import { RewindError } from '../../errors.ts';
import { align } from './align.ts';
import { editOfText, type NewLine, type SourceEdit } from './edits.ts';
import type { Candidate, Findings } from './find.ts';
import { scalarText, staysString, usualQuote } from './scalar-text.ts';
import { decoded, encoded, lineOf } from './source-files.ts';
import { spansOf, textOf, type Span } from './spans.ts';
import { parseTemplate } from './template.ts';
import type { ImageChange } from './types.ts';
import { asScalar, cookScalar, type SourceDocument } from './yaml-source.ts';

/** The edits that give one service its image. */
export interface Placement {
  edits: SourceEdit[];
  lines: NewLine[];
  notes: string[];
  /** Nothing else can read the edited bytes, and no other place could win: no need to ask Compose beforehand. */
  certain: boolean;
}

export interface PlaceOptions {
  writeEnv: boolean;
  /** Notes name files relative to this directory. */
  directory: string;
}

/** What stands against editing a candidate, in words for a person. */
export interface Obstacle {
  code: string;
  message: string;
  hint: string;
}

/** Where a candidate's value comes from, piece by piece; undefined when its syntax is not understood. */
export function spansOfCandidate(candidate: Candidate, writeEnv: boolean): Span[] | undefined {
  const scalar = asScalar(candidate.source, candidate.found.pair.value);
  if (isNothing(scalar)) return [];
  const cooked = scalar && cookScalar(candidate.source, scalar);
  if (!cooked) return undefined;
  const trimmed = cooked.value.trimEnd();
  const value = { ...cooked, value: trimmed };
  const parts = parseTemplate(trimmed);
  return parts && spansOf(value, parts, candidate.scope.lookup, { writeEnv });
}

/** `image:` with nothing, `null`, `~` or `!reset`: Compose takes the service for one without an image. */
function isNothing(scalar: Scalar<string> | undefined): boolean {
  if (scalar?.tag === '!reset') return true;
  return scalar?.type === 'PLAIN' && scalar.tag === undefined && /^(?:|~|null)$/i.test(scalar.value);
}

/** A value for a key that has none. */
function fill(candidate: Candidate, change: ImageChange): SourceEdit | undefined {
  const { file } = candidate.source;
  const scalar = asScalar(candidate.source, candidate.found.pair.value);
  if (!scalar?.range) return undefined;
  let [start] = scalar.range;
  const reset = /![a-z]*\s+$/.exec(file.text.slice(Math.max(0, start - 100), start));
  if (scalar.tag === '!reset' && reset) start -= reset[0].length;
  const gap = /[\s]/.test(file.text[start - 1] ?? '') ? '' : ' ';
  const text = gap + scalarText(change.image, usualQuote(file));
  return { file, start, end: scalar.range[1], text, service: change.service };
}

/** The edits that make this candidate come to `change.image`, or what stands against it. */
export function placeImage(
  candidate: Candidate,
  findings: Findings,
  change: ImageChange,
  options: PlaceOptions,
): Placement | Obstacle {
  const spans = spansOfCandidate(candidate, options.writeEnv);
  const where = placeOf(candidate, options.directory);
  if (spans === undefined) {
    return {
      code: 'IMAGE_SOURCE_UNREADABLE',
      message: `the image of ${change.service} is written in a form that cannot be edited (${where})`,
      hint: 'Write it as plain text, for instance image: registry.example.com/team/api:1.4.2',
    };
  }
  const literal = spans.length === 0 ? fill(candidate, change) : retyped(candidate, spans, change);
  if (literal) return { edits: [literal], lines: [], notes: [`${change.service}: ${where}`], certain: false };
  const texts = align(spans, encoded(change.image), options.writeEnv);
  if (texts === undefined) return against(spans, change, where);
  const edits: SourceEdit[] = [];
  const lines: NewLine[] = [];
  const notes: string[] = [];
  spans.forEach((span, index) => {
    const text = texts[index] as string;
    if (text === span.text) return;
    const target = candidate.scope.newLines;
    if (span.kind === 'unset' && target !== undefined) {
      lines.push({
        path: target,
        line: `${span.variable}=${text}`,
        service: change.service,
      });
      notes.push(
        `${change.service}: a line for ${span.variable} is added to ${shown(target, options.directory)}`,
      );
    } else if (span.kind === 'text') {
      edits.push(editOfText(span.at, span.from, span.to, text, change.service));
      const { file } = span.at;
      const at = `${shown(file.path, options.directory)}:${lineOf(file, span.at.starts[span.from] ?? span.at.home)}`;
      const what =
        span.origin === 'env'
          ? `${span.variable} in ${at}`
          : span.origin === 'default'
            ? `the default of ${span.variable} in ${at}`
            : at;
      notes.push(`${change.service}: ${what}`);
    }
  });
  // Bytes of the service's own scalar move nothing else; a line of an env file may.
  const inside =
    lines.length === 0 &&
    spans.every(
      (span, index) => span.text === texts[index] || (span.kind === 'text' && span.origin !== 'env'),
    );
  return { edits, lines, notes, certain: inside && unshared(candidate, findings) };
}

/** A plain literal that YAML would take for a number or the like must become a quoted one. */
function retyped(candidate: Candidate, spans: readonly Span[], change: ImageChange): SourceEdit | undefined {
  const scalar = asScalar(candidate.source, candidate.found.pair.value);
  const literal = spans.every((span) => span.kind === 'text' && span.origin === 'value');
  if (!literal || !scalar?.range || scalar.type !== 'PLAIN' || scalar.tag !== undefined) return undefined;
  if (staysString(encoded(change.image))) return undefined;
  const [start, end] = scalar.range;
  return {
    file: candidate.source.file,
    start,
    end,
    text: scalarText(change.image, ''),
    service: change.service,
  };
}

/** Whether the scalar can only be read by this one service: no anchor above it, nothing that could extend it. */
function unshared(candidate: Candidate, findings: Findings): boolean {
  return candidate.own && !candidate.anchored && findings.candidates.length === 1 && !findings.extended;
}

function against(spans: readonly Span[], change: ImageChange, where: string): Obstacle {
  const outside = spans.find(
    (span) => span.kind === 'fixed' && span.variable !== undefined && span.text !== '',
  );
  if (outside?.kind === 'fixed' && outside.variable !== undefined) {
    return {
      code: 'IMAGE_FROM_ENVIRONMENT',
      message: `the image of ${change.service} takes ${outside.variable} from the environment of this command (${where}), so an edit would change nothing`,
      hint: `Unset ${outside.variable} or pass its new value, or write the image into a file with --pin or --override`,
    };
  }
  const unset = spans.find((span) => span.kind === 'unset');
  if (unset?.kind === 'unset') {
    return {
      code: 'IMAGE_VARIABLE_UNSET',
      message: `the image of ${change.service} needs ${unset.variable}, and nothing sets it (${where})`,
      hint: `Add a line for ${unset.variable} to the env file with --write-env, or write the image itself with --pin`,
    };
  }
  return {
    code: 'IMAGE_DOES_NOT_FIT',
    message: `the image of ${change.service} is put together from "${decoded(textOf(spans))}" in a way that cannot give ${change.image} (${where})`,
    hint: 'Write the whole image into the service with --pin',
  };
}

/** `compose.yml:12`, the line of a key. */
export function placeOf(at: { source: SourceDocument; key: Scalar } | Candidate, directory: string): string {
  const { source } = at;
  const key = 'key' in at ? at.key : at.found.pair.key;
  return `${shown(source.file.path, directory)}:${lineOf(source.file, key.range?.[0] ?? 0)}`;
}

/** A path as a person would type it in the project directory. */
export function shown(path: string, directory: string): string {
  const short = relative(directory, path);
  return short === '' || short.startsWith('../..') ? path : short;
}

/** Throws the obstacle (exit 4): nothing was changed. */
export function refuse(obstacle: Obstacle): never {
  throw new RewindError(obstacle.code, `${obstacle.message}; nothing was changed`, {
    exit: 'refused',
    hint: obstacle.hint,
  });
}
