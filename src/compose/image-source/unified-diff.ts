import { NOT_KEPT } from '../../hush.ts';
import { withoutSecrets } from '../without-secrets.ts';
import type { FileEdit } from './types.ts';

const CONTEXT = 3;

/** Lines as they are shown, one for each line of the file: beside an image there may be a password. */
interface Shown {
  context: readonly string[];
  changed: readonly string[];
}

/** What is shown of a file's lines: without secrets' values; of an env file only what changes has a value at all. */
export async function shownLines(path: string, content: Buffer): Promise<Shown> {
  const text = content.toString('utf8');
  if (/\.(ya?ml|json)$/i.test(path)) {
    const quiet = lines(await withoutSecrets(text, true));
    return { context: quiet, changed: quiet };
  }
  const changed = lines(text);
  const context = changed.map((line) => line.replace(/^([^=:#]*[=:])(.*)/, `$1${NOT_KEPT}`));
  return { context, changed };
}

/**
 * A unified diff of one edited file, as `patch` and `git apply` take it where no line of it holds a secret. The edits
 * themselves say which lines differ, so nothing has to be searched.
 */
export function unifiedDiff(
  name: string,
  edit: FileEdit,
  { before, after, shown }: { before: Buffer; after: Buffer; shown: { before: Shown; after: Shown } },
): string {
  const [old, now] = [lines(before.toString('utf8')), lines(after.toString('utf8'))];
  const [head, tail] = [commonHead(old, now), commonTail(old, now)];
  const changes = changedRuns(old, now, head, Math.min(tail, Math.min(old.length, now.length) - head));
  if (changes.length === 0) return '';
  const hunks: string[] = [];
  for (const group of grouped(changes)) hunks.push(hunk(group, shown.before, shown.after));
  return `--- ${edit.create ? '/dev/null' : `a/${name}`}\n+++ b/${name}\n${hunks.join('')}`;
}

interface Run {
  oldFrom: number;
  oldTo: number;
  newFrom: number;
  newTo: number;
}

/** Each line with its line break. */
function lines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function commonHead(a: readonly string[], b: readonly string[]): number {
  let count = 0;
  while (count < a.length && count < b.length && a[count] === b[count]) count++;
  return count;
}

function commonTail(a: readonly string[], b: readonly string[]): number {
  let count = 0;
  while (count < a.length && count < b.length && a.at(-1 - count) === b.at(-1 - count)) count++;
  return count;
}

/** Edits replace lines one for one, but for the few that add some: those are found by looking a little ahead. */
function changedRuns(old: readonly string[], now: readonly string[], head: number, tail: number): Run[] {
  const [oldEnd, newEnd] = [old.length - tail, now.length - tail];
  const runs: Run[] = [];
  let [i, j] = [head, head];
  while (i < oldEnd || j < newEnd) {
    if (i < oldEnd && j < newEnd && old[i] === now[j]) {
      i++;
      j++;
      continue;
    }
    const [skipOld, skipNew] = resync(old, now, i, j, oldEnd, newEnd);
    runs.push({ oldFrom: i, oldTo: i + skipOld, newFrom: j, newTo: j + skipNew });
    i += skipOld;
    j += skipNew;
  }
  return runs;
}

/** How many lines to leave out on either side until both go on alike. */
function resync(
  old: readonly string[],
  now: readonly string[],
  i: number,
  j: number,
  oldEnd: number,
  newEnd: number,
): [number, number] {
  for (let distance = 1; distance <= 40; distance++) {
    for (let skipOld = 0; skipOld <= distance; skipOld++) {
      const skipNew = distance - skipOld;
      if (i + skipOld >= oldEnd || j + skipNew >= newEnd) continue;
      if (old[i + skipOld] === now[j + skipNew]) return [skipOld, skipNew];
    }
  }
  return [oldEnd - i, newEnd - j];
}

function grouped(runs: readonly Run[]): Run[][] {
  const groups: Run[][] = [];
  for (const run of runs) {
    const last = groups.at(-1)?.at(-1);
    if (last && run.oldFrom - last.oldTo <= 2 * CONTEXT) groups.at(-1)?.push(run);
    else groups.push([run]);
  }
  return groups;
}

function hunk(runs: readonly Run[], old: Shown, now: Shown): string {
  const [first, last] = [runs[0] as Run, runs.at(-1) as Run];
  const lead = Math.min(CONTEXT, first.oldFrom);
  const trail = Math.min(CONTEXT, old.changed.length - last.oldTo);
  const body: string[] = [];
  let at = first.oldFrom - lead;
  for (const run of runs) {
    for (; at < run.oldFrom; at++) body.push(marked(' ', old.context[at] ?? '\n'));
    for (; at < run.oldTo; at++) body.push(marked('-', old.changed[at] ?? '\n'));
    for (let to = run.newFrom; to < run.newTo; to++) body.push(marked('+', now.changed[to] ?? '\n'));
  }
  for (; at < last.oldTo + trail; at++) body.push(marked(' ', old.context[at] ?? '\n'));
  const oldCount = last.oldTo + trail - (first.oldFrom - lead);
  const newCount = last.newTo + trail - (first.newFrom - lead);
  const range = (from: number, count: number): string => `${count === 0 ? from : from + 1},${count}`;
  return `@@ -${range(first.oldFrom - lead, oldCount)} +${range(first.newFrom - lead, newCount)} @@\n${body.join('')}`;
}

function marked(mark: string, line: string): string {
  return line.endsWith('\n') ? mark + line : `${mark}${line}\n\\ No newline at end of file\n`;
}
