import { stripVTControlCharacters } from 'node:util';
import type { Style } from './terminal.ts';

const GAP = '  ';

/**
 * Rows under headings, aligned; the cell that does not fit into `columns` is cut in the widest column.
 * Cells may carry colour. Without room to speak of (a pipe) nothing is cut.
 */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  options: { columns?: number; style: Style },
): string {
  const all = [headings, ...rows];
  const widths = headings.map((_, i) => Math.max(...all.map((row) => widthOf(row[i] ?? ''))));
  shrink(widths, (options.columns ?? Infinity) - GAP.length * (headings.length - 1));
  const lines = all.map((row, index) => {
    const cells = headings.map((_, i) => pad(cut(row[i] ?? '', widths[i] ?? 0), widths[i] ?? 0));
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

function widthOf(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** A cell that is too long loses its colour with its end. */
function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  return `${[...stripVTControlCharacters(text)].slice(0, width - 1).join('')}…`;
}
