/** Takes text apart into lines, ended by a line feed alone (what people wrote may hold other ends of lines), or by NUL. */
export class Lines {
  /** What came behind the last end of a line so far. */
  rest = '';
  readonly #end: string;

  constructor(end: '\n' | '\0' = '\n') {
    this.#end = end;
  }

  /** The lines that more text completes. */
  with(text: string): string[] {
    const lines = (this.rest + text).split(this.#end);
    this.rest = lines.pop() ?? '';
    return lines;
  }
}

/** Every line of chunks of text as it comes, but for one without an end. */
export async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  const lines = new Lines();
  for await (const chunk of chunks) yield* lines.with(chunk);
}
