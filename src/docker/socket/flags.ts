/** A command line behind its verb, taken apart. */
export interface Flags {
  switches: Set<string>;
  values: Map<string, string[]>;
  /** What is no flag. */
  words: string[];
}

/**
 * Undefined where there is a flag that is not known. `commanded`: everything from the first word on is the command of a
 * container, flags among it are not docker's.
 */
export function readFlags(
  words: readonly string[],
  switches: readonly string[],
  valued: readonly string[],
  commanded = false,
): Flags | undefined {
  const flags: Flags = { switches: new Set(), values: new Map(), words: [] };
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (commanded && !word.startsWith('-')) {
      flags.words.push(...words.slice(at));
      break;
    }
    if (switches.includes(word)) flags.switches.add(word);
    else if (valued.includes(word)) {
      at += 1;
      flags.values.set(word, [...(flags.values.get(word) ?? []), words[at] ?? '']);
    } else if (word.startsWith('-')) return undefined;
    else flags.words.push(word);
  }
  return flags;
}

/** `NAME=VALUE` of every flag, as an object; without `=` the value is empty. */
export function pairs(values: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    values.map((value) => {
      const at = value.indexOf('=');
      return at < 0 ? [value, ''] : [value.slice(0, at), value.slice(at + 1)];
    }),
  );
}
