import type { Pair, Scalar, YAMLMap } from 'yaml';
import type { SourceEdit } from './edits.ts';
import type { Home } from './find.ts';
import { quoteOf, scalarText, usualQuote, type Quote } from './scalar-text.ts';
import { lineEnding, type SourceFile } from './source-files.ts';
import { yaml } from './yaml-source.ts';

/** Adds `image:` to the service's own mapping, in the style of what is there; undefined where the mapping's form allows none. */
export function addImage(home: Home, image: string, service: string): SourceEdit | undefined {
  const { file } = home.source;
  const value = home.pair.value;
  if (home.merged) return undefined;
  if (value && yaml().isAlias(value)) return beforeAlias(home, image, service);
  if (home.map === undefined || home.map !== value) return undefined;
  const beside = neighbour(home.map, file);
  if (beside === undefined) {
    if (!home.map.flow || home.map.items.length > 0 || !home.map.range) return undefined;
    const at = home.map.range[0] + 1;
    return { file, start: at, end: at, text: `image: ${scalarText(image, usualQuote(file))}`, service };
  }
  const at = beside.range[0];
  const entry = `${keyText(file, beside)}: ${scalarText(image, styleOf(file, beside))}`;
  if (home.map.flow) {
    const gap = /\s*$/.exec(file.text.slice(home.map.range?.[0], at))?.[0] ?? '';
    return { file, start: at, end: at, text: `${entry},${gap === '' ? ' ' : gap}`, service };
  }
  const column = at - (file.text.lastIndexOf('\n', at - 1) + 1);
  return { file, start: at, end: at, text: entry + lineEnding(file, at) + ' '.repeat(column), service };
}

type RangedKey = Scalar & { range: [number, number, number] };

/** The key before which the new one goes: `build` if it is there, else the first that stands in its plainest form. */
function neighbour(map: YAMLMap, file: SourceFile): RangedKey | undefined {
  const plain = (map.items as Pair<Scalar, unknown>[])
    .map((pair) => pair.key)
    .filter((key): key is RangedKey => {
      if (!key?.range || !yaml().isScalar(key) || key.anchor !== undefined) return false;
      return map.flow
        ? !/[?!&]\s*$|[?]\s+$/.test(file.text.slice(0, key.range[0]).slice(-40))
        : /(?:^|\n|: )[ ]*$/.test(file.text.slice(0, key.range[0]).slice(-200));
    });
  const build = plain.find((key) => key.value === 'build');
  return map.flow ? plain[0] : (build ?? plain[0]);
}

function keyText(file: SourceFile, beside: Scalar): string {
  const quote = quoteOf(file, beside);
  return `${quote}image${quote}`;
}

function styleOf(file: SourceFile, beside: Scalar): Quote {
  return quoteOf(file, beside) === '"' ? '"' : usualQuote(file);
}

/** `web: *base` becomes a mapping that merges the same anchor. */
function beforeAlias(home: Home, image: string, service: string): SourceEdit | undefined {
  const { file } = home.source;
  const [keyRange, range] = [home.pair.key.range, home.pair.value?.range];
  if (!keyRange || !range || home.map === undefined) return undefined;
  const alias = file.text.slice(range[0], range[1]);
  const literal = scalarText(image, usualQuote(file));
  if (home.parent.flow) {
    return { file, start: range[0], end: range[1], text: `{<<: ${alias}, image: ${literal}}`, service };
  }
  const colon = /:\s*$/.exec(file.text.slice(keyRange[1], range[0]));
  if (!colon || file.text.slice(keyRange[1], range[0]).trim() !== ':') return undefined;
  const column = keyRange[0] - (file.text.lastIndexOf('\n', keyRange[0] - 1) + 1);
  const eol = lineEnding(file, range[0]);
  const indent = eol + ' '.repeat(column + Math.max(1, column - home.outerColumn));
  const start = keyRange[1] + colon.index + 1;
  return { file, start, end: range[1], text: `${indent}<<: ${alias}${indent}image: ${literal}`, service };
}
