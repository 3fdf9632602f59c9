import type { Outcome } from './service-check.ts';

export interface Row {
  name: string;
  service: string;
  shape: string;
  outcome: Outcome;
}

/** The counts by shape as a Markdown table, then everything that was refused or went wrong. */
export function summary(invocations: number, unresolved: readonly string[], rows: readonly Row[]): string {
  const shapes = Map.groupBy(rows, (row) => row.shape);
  const lines = [
    '| shape | services | changed and restored | of these moving others | refused |',
    '| --- | ---: | ---: | ---: | ---: |',
    ...[...shapes]
      .toSorted(([, a], [, b]) => b.length - a.length)
      .map(([shape, list]) => counts(shape, list)),
    counts('all', rows),
    '',
  ];
  for (const row of rows) {
    const { outcome } = row;
    if (outcome.kind === 'refused') {
      lines.push(
        `refused   ${row.name} ${row.service}: ${outcome.code} (--override ${outcome.override ? 'works' : 'fails'})`,
      );
    } else if (outcome.kind === 'violation') {
      lines.push(`VIOLATION ${row.name} ${row.service} [${row.shape}]: ${outcome.message}`);
    }
  }
  const resolved = invocations - unresolved.length;
  const outcomes = rows.map((row) => row.outcome);
  const changed = outcomes.filter((outcome) => outcome.kind === 'changed');
  const undone = changed.filter((outcome) => outcome.back === 'undone').length;
  const wrong = outcomes.filter((outcome) => outcome.kind === 'violation').length;
  lines.push(
    `${invocations} invocations, ${resolved} resolve, ${unresolved.length} do not`,
    `${rows.length} services: ${changed.length} changed and restored (${undone} by undo, the others by a second edit), ` +
      `${outcomes.filter((outcome) => outcome.kind === 'refused').length} refused with an allowed reason, ${wrong} violations`,
  );
  return `${lines.join('\n')}\n`;
}

function counts(shape: string, rows: readonly Row[]): string {
  const changed = rows.filter((row) => row.outcome.kind === 'changed');
  const moving = changed.filter((row) => row.outcome.kind === 'changed' && row.outcome.effects > 0);
  const refused = rows.filter((row) => row.outcome.kind === 'refused');
  return `| ${shape} | ${rows.length} | ${changed.length} | ${moving.length} | ${refused.length} |`;
}
