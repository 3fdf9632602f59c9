import { plain } from './plain.ts';
import type { Style } from './terminal.ts';

const GAP = '  ';

/** What stands in a table: text, which may come from anywhere, and how it is coloured. */
export type Cell = string | { text: string; paint: (text: string) => string };

/**
 * Rows under headings, aligned; the cell that does not fit into `columns` is cut in the widest column. Without room to
 * speak of (a pipe) nothing is cut. No cell can do anything to the terminal but what its `paint` does.
 */
export function table(
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
  options: { columns?: number; style: Style },
): string {
  const all = [headings, ...rows].map((row) => row.map(cellOf));
  const widths = headings.map((_, i) => Math.max(...all.map((row) => widthOf(row[i]?.text ?? ''))));
  shrink(widths, (options.columns ?? Infinity) - GAP.length * (headings.length - 1));
  const lines = all.map((row, index) => {
    const cells = headings.map((_, i) => fitted(row[i] ?? cellOf(''), widths[i] ?? 0));
    const line = cells.join(GAP).trimEnd();
    return index === 0 ? options.style.bold(line) : line;
  });
  return lines.join('\n');
}

/** Takes columns off the widest until all fit; eight characters still say something. */
function shrink(widths: number[], room: number): void {
  for (let total = widths.reduce((sum, width) => sum + width, 0); total > room; total--) {
    const widest = widths.indexOf(Math.max(...widths));
    if ((widths[widest] ?? 0) <= 8) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

function cellOf(cell: Cell): Exclude<Cell, string> {
  return typeof cell === 'string'
    ? { text: plain(cell), paint: (text) => text }
    : { ...cell, text: plain(cell.text) };
}

function widthOf(text: string): number {
  return [...text].length;
}

/** Exactly as wide as its column. */
function fitted({ text, paint }: Exclude<Cell, string>, width: number): string {
  const shown = widthOf(text) <= width ? text : `${[...text].slice(0, width - 1).join('')}…`;
  return paint(shown) + ' '.repeat(Math.max(0, width - widthOf(shown)));
}
