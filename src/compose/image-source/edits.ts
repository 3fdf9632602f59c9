import { createHash } from 'node:crypto';
import { RewindError } from '../../errors.ts';
import { rawRange, type CookedText } from './cooked.ts';
import { decoded, type SourceFile, type SourceFiles } from './source-files.ts';
import type { FileEdit } from './types.ts';

/** A replacement of `file.text[start..end)`; offsets and text are latin-1, as in SourceFile. */
export interface SourceEdit {
  file: SourceFile;
  start: number;
  end: number;
  text: string;
  /** The service that wants it, for messages. */
  service: string;
}

/** Replaces characters of a cooked value, sparing what the old and the new text have in common. */
export function editOfText(
  at: CookedText,
  from: number,
  to: number,
  text: string,
  service: string,
): SourceEdit {
  const old = at.value.slice(from, to);
  let head = 0;
  while (head < old.length && head < text.length && old[head] === text[head]) head++;
  let tail = 0;
  while (tail < old.length - head && tail < text.length - head && old.at(-1 - tail) === text.at(-1 - tail))
    tail++;
  const { start, end } = rawRange(at, from + head, to - tail);
  return { file: at.file, start, end, text: text.slice(head, text.length - tail), service };
}

/** Lines to add at the end of env files that may not exist yet. */
export interface NewLine {
  path: string;
  line: string;
  service: string;
}

/** Throws CONFLICTING_IMAGES (exit 4) where two services want different bytes in one place. */
export function assertCompatible(edits: readonly SourceEdit[]): SourceEdit[] {
  const kept: SourceEdit[] = [];
  const sorted = edits.toSorted(
    (a, b) => a.file.real.localeCompare(b.file.real) || a.start - b.start || a.end - b.end,
  );
  for (const edit of sorted) {
    const last = kept.at(-1);
    if (last && last.file.real === edit.file.real) {
      if (last.start === edit.start && last.end === edit.end && last.text === edit.text) continue;
      if (edit.start < last.end || edit.start === last.start) throw conflict(last, edit);
    }
    kept.push(edit);
  }
  return kept;
}

function conflict(first: SourceEdit, second: SourceEdit): RewindError {
  return new RewindError(
    'CONFLICTING_IMAGES',
    `${first.service} and ${second.service} take their image from the same place in ${first.file.path}, so they cannot get different ones; nothing was changed`,
    {
      exit: 'refused',
      hint: 'Give both the same tag, or write the images into the services themselves with --pin',
    },
  );
}

/** The edits as data, one entry per file. */
export function fileEdits(edits: readonly SourceEdit[]): FileEdit[] {
  const byFile = Map.groupBy(assertCompatible(edits), (edit) => edit.file.real);
  return [...byFile].map(([path, list]) => {
    const { file } = list[0] as SourceEdit;
    return {
      path,
      sha256: createHash('sha256')
        .update('\xEF\xBB\xBF'.slice(0, file.bom), 'latin1')
        .update(file.text, 'latin1')
        .digest('hex'),
      edits: list.map((edit) => ({
        offset: edit.start + file.bom,
        removed: decoded(file.text.slice(edit.start, edit.end)),
        inserted: decoded(edit.text),
      })),
    };
  });
}

/** New lines at the end of env files, as edits; a file that does not exist is created. */
export function newLineEdits(
  lines: readonly NewLine[],
  sources: SourceFiles,
): { edits: SourceEdit[]; created: FileEdit[] } {
  const byPath = Map.groupBy(lines, (line) => line.path);
  const edits: SourceEdit[] = [];
  const created: FileEdit[] = [];
  for (const [path, list] of byPath) {
    const texts = [...new Set(list.map((line) => line.line))];
    const file = sources.read(path);
    if (!file) {
      created.push(createdFile(path, texts.map((line) => `${line}\n`).join('')));
      continue;
    }
    const eol = /\r\n/.test(file.text) ? '\r\n' : '\n';
    const gap = file.text === '' || file.text.endsWith('\n') ? '' : eol;
    const text = gap + texts.map((line) => line + eol).join('');
    edits.push({
      file,
      start: file.text.length,
      end: file.text.length,
      text,
      service: (list[0] as NewLine).service,
    });
  }
  return { edits, created };
}

export function createdFile(path: string, text: string): FileEdit {
  return {
    path,
    sha256: createHash('sha256').update('').digest('hex'),
    edits: [{ offset: 0, removed: '', inserted: text }],
    create: true,
  };
}
