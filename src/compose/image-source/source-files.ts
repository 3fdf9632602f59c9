import { readFileSync, realpathSync } from 'node:fs';

/**
 * A file as Compose sees it. The text holds one character per byte (latin-1), so that every offset into it is a
 * byte offset, whatever the file is encoded in; YAML's and dotenv's own characters are all ASCII.
 */
export interface SourceFile {
  /** Absolute, as Compose gets to it. */
  path: string;
  /** The same with symbolic links resolved: what an edit must replace. */
  real: string;
  /** Without the byte order mark. */
  text: string;
  /** Bytes before `text`: 3 with a byte order mark, else 0. */
  bom: number;
}

/** Reads each file once and remembers every path that led to it. */
export class SourceFiles {
  readonly #byPath = new Map<string, SourceFile | undefined>();

  /** The file, or undefined where there is none that can be read. */
  read(path: string): SourceFile | undefined {
    if (this.#byPath.has(path)) return this.#byPath.get(path);
    let file: SourceFile | undefined;
    try {
      const whole = readFileSync(path).toString('latin1');
      const bom = whole.startsWith('\xEF\xBB\xBF') ? 3 : 0;
      file = { path, real: realpathSync(path), text: whole.slice(bom), bom };
    } catch {
      file = undefined;
    }
    this.#byPath.set(path, file);
    return file;
  }

  /** Every file that was read, under each path that was used. */
  all(): SourceFile[] {
    return [...this.#byPath.values()].filter((file) => file !== undefined);
  }
}

/** Text of a latin-1 view as people and Compose read it. */
export function decoded(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}

/** A name in the form in which it stands in a latin-1 view. */
export function encoded(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

const lineStarts = new WeakMap<SourceFile, number[]>();

/** The line of an offset, counted from 1. */
export function lineOf(file: SourceFile, offset: number): number {
  let starts = lineStarts.get(file);
  if (!starts) {
    starts = [0];
    for (let at = file.text.indexOf('\n'); at !== -1; at = file.text.indexOf('\n', at + 1))
      starts.push(at + 1);
    lineStarts.set(file, starts);
  }
  let [low, high] = [0, starts.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] as number) <= offset) low = middle;
    else high = middle;
  }
  return low + 1;
}

/** The line ending that the file uses around an offset. */
export function lineEnding(file: SourceFile, offset: number): '\r\n' | '\n' {
  let end = file.text.indexOf('\n', offset);
  if (end === -1) end = file.text.indexOf('\n');
  return end > 0 && file.text[end - 1] === '\r' ? '\r\n' : '\n';
}
