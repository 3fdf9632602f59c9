/**
 * What the dump tool writes of tables and their rows, line by line. There, no line break is inside of a value: the tool
 * escapes those, and names with line breaks are refused before. Texts of people's own (routines, triggers, views) are not
 * part of that.
 */

/** Counts rows by table while lines go by. */
export class RowCounter {
  readonly rows = new Map<string, number>();
  /** Tables and sequences in their order, by their definitions. */
  readonly tables: string[] = [];
  readonly sequences: string[] = [];
  /** Bytes of the longest line: the server has to take it as one statement. */
  longest = 0;
  #table: string | undefined;
  /** Whether a statement of rows goes on: definitions have lines that begin with a parenthesis as well. */
  #within = false;

  /** The table that rows were last seen of. */
  get table(): string | undefined {
    return this.#table;
  }

  line(line: Buffer): void {
    if (line.length > this.longest) this.longest = line.length;
    switch (line[0]) {
      case PARENTHESIS:
        // A row of a statement that began further up.
        if (this.#within) this.#add(line, 1);
        break;
      case LETTER_I:
        if (starts(line, INSERT)) this.#insert(line);
        break;
      case LETTER_C:
        if (starts(line, CREATE_TABLE)) this.#define(this.tables, line, CREATE_TABLE.length);
        else if (starts(line, CREATE_SEQUENCE)) this.#define(this.sequences, line, CREATE_SEQUENCE.length);
        break;
      default:
    }
  }

  #define(list: string[], line: Buffer, at: number): void {
    const name = identifier(line, at).name;
    list.push(name);
    if (list === this.tables) this.rows.set(name, 0);
  }

  #insert(line: Buffer): void {
    const { name, end } = identifier(line, INSERT.length);
    this.#table = name;
    this.#add(line, tuples(line, end));
  }

  #add(line: Buffer, count: number): void {
    if (this.#table === undefined) return;
    this.rows.set(this.#table, (this.rows.get(this.#table) ?? 0) + count);
    this.#within = line[line.length - 2] !== SEMICOLON;
  }
}

/** The name in backticks at a place, and where it ends. */
export function identifier(line: Buffer, at: number): { name: string; end: number } {
  let end = at + 1;
  for (;;) {
    end = line.indexOf(BACKTICK, end);
    if (end < 0) return { name: '', end: line.length };
    if (line[end + 1] !== BACKTICK) break;
    end += 2;
  }
  return { name: line.toString('utf8', at + 1, end).replaceAll('``', '`'), end: end + 1 };
}

/** Rows after VALUES on the line of the INSERT itself. */
function tuples(line: Buffer, from: number): number {
  let count = 0;
  let depth = 0;
  let values = false;
  for (let at = from; at < line.length; at += 1) {
    switch (line[at]) {
      case QUOTE:
        for (at += 1; at < line.length && line[at] !== QUOTE; at += 1) if (line[at] === BACKSLASH) at += 1;
        break;
      case BACKTICK:
        at = line.indexOf(BACKTICK, at + 1);
        if (at < 0) return count;
        break;
      case PARENTHESIS:
        if (values && depth === 0) count += 1;
        depth += 1;
        break;
      case CLOSING:
        depth -= 1;
        break;
      case LETTER_V:
        // Outside of strings and names, below no parenthesis: the keyword.
        if (depth === 0) values = true;
        break;
      default:
    }
  }
  return count;
}

/**
 * Definitions of tables name databases in foreign keys to another one and in the sequences of defaults. Names those that are
 * restored along by where they are loaded. `line` in latin1, which keeps every byte.
 */
export function renameDatabases(line: string, names: ReadonlyMap<string, string>): string {
  if (!/^ .*(?:REFERENCES `|val\(`)/.test(line)) return line;
  return line.replace(
    /'(?:[^'\\]|\\.)*'|(REFERENCES |(?:next|last|set)val\()`((?:[^`]|``)+)`\.(?=`)|`(?:[^`]|``)*`/g,
    (found: string, before: string | undefined, database: string | undefined) => {
      const name = database === undefined ? undefined : names.get(latin1ToName(database));
      return before === undefined || name === undefined
        ? found
        : `${before}\`${Buffer.from(name.replaceAll('`', '``')).toString('latin1')}\`.`;
    },
  );
}

const latin1ToName = (escaped: string): string =>
  Buffer.from(escaped.replaceAll('``', '`'), 'latin1').toString('utf8');

/** Splits a stream into lines, each with its line break but perhaps the last. */
export async function* lines(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer[]> {
  let rest: Buffer[] = [];
  for await (const chunk of source) {
    const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const found: Buffer[] = [];
    let start = 0;
    for (let end = buffer.indexOf(NEWLINE); end >= 0; end = buffer.indexOf(NEWLINE, start)) {
      const line = buffer.subarray(start, end + 1);
      found.push(rest.length === 0 ? line : Buffer.concat([...rest, line]));
      rest = [];
      start = end + 1;
    }
    if (start < buffer.length) rest.push(buffer.subarray(start));
    if (found.length > 0) yield found;
  }
  if (rest.length > 0) yield [Buffer.concat(rest)];
}

export function starts(line: Buffer, prefix: Buffer): boolean {
  return line.length >= prefix.length && line.compare(prefix, 0, prefix.length, 0, prefix.length) === 0;
}

const code = (character: string): number => character.charCodeAt(0);
const NEWLINE = code('\n');
const PARENTHESIS = code('(');
const CLOSING = code(')');
const QUOTE = code("'");
const BACKTICK = code('`');
const BACKSLASH = code('\\');
const SEMICOLON = code(';');
const LETTER_I = code('I');
const LETTER_C = code('C');
const LETTER_V = code('V');
const INSERT = Buffer.from('INSERT INTO ');
const CREATE_TABLE = Buffer.from('CREATE TABLE ');
const CREATE_SEQUENCE = Buffer.from('CREATE SEQUENCE ');
