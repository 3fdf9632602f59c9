import type * as Yaml from '../yaml.ts';
import type { Alias, Document, Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { cookBlockScalar, cookFlowScalar, type CookedText } from './cooked.ts';
import { encoded, type SourceFile } from './source-files.ts';

let loaded: typeof Yaml | undefined;

/** The yaml package takes 50 ms to load: only what edits pays for it. To be awaited before anything else here. */
export async function loadYaml(): Promise<void> {
  loaded ??= await import('../yaml.ts');
}

export function yaml(): typeof Yaml {
  if (loaded === undefined) throw new Error('loadYaml() comes first');
  return loaded;
}

/** One YAML document of a file. All scalars are strings; ranges are offsets into `file.text`. */
export interface SourceDocument {
  file: SourceFile;
  document: Document.Parsed;
  /** Anchors in the order in which they stand. */
  anchors: () => readonly { name: string; node: Node; at: number }[];
}

/** A key and its value as found in a mapping, and how it got there. */
export interface FoundKey {
  pair: Pair<Scalar, Node | null>;
  /** The mapping that it stands in. */
  map: YAMLMap;
  /** Whether it came through `<<`. */
  merged: boolean;
}

export function parseDocuments(file: SourceFile, text: string = file.text): SourceDocument[] {
  // Failsafe: nothing but strings, so that 1.10 stays 1.10 and null can be told from nothing.
  const documents = yaml().parseAllDocuments(text, {
    schema: 'failsafe',
    logLevel: 'silent',
    prettyErrors: false,
    uniqueKeys: false,
    strict: false,
  });
  if (!Array.isArray(documents)) return [];
  return (documents as Document.Parsed[]).map((document) => {
    let anchors: { name: string; node: Node; at: number }[] | undefined;
    return { file, document, anchors: () => (anchors ??= anchorsOf(document)) };
  });
}

function anchorsOf(document: Document.Parsed): { name: string; node: Node; at: number }[] {
  const found: { name: string; node: Node; at: number }[] = [];
  yaml().visit(document, {
    Node: (_, node) => {
      const anchor = 'anchor' in node ? node.anchor : undefined;
      if (anchor !== undefined && node.range) found.push({ name: anchor, node, at: node.range[0] });
    },
  });
  return found;
}

/** The node itself, or what an alias stands for: the last anchor of that name before it. */
export function resolved(source: SourceDocument, node: unknown): Node | undefined {
  let current = node as Node | null | undefined;
  for (let hops = 0; current && yaml().isAlias(current); hops++) {
    if (hops > 100) return undefined;
    const alias: Alias = current;
    const before = alias.range?.[0] ?? 0;
    current = source.anchors().findLast((anchor) => anchor.name === alias.source && anchor.at < before)?.node;
  }
  return current ?? undefined;
}

export function asMap(source: SourceDocument, node: unknown): YAMLMap | undefined {
  const found = resolved(source, node);
  return found && yaml().isMap(found) ? found : undefined;
}

export function asSeq(source: SourceDocument, node: unknown): YAMLSeq | undefined {
  const found = resolved(source, node);
  return found && yaml().isSeq(found) ? found : undefined;
}

export function asScalar(source: SourceDocument, node: unknown): Scalar<string> | undefined {
  const found = resolved(source, node);
  return found && yaml().isScalar(found) ? (found as Scalar<string>) : undefined;
}

type AnyPair = Pair<Scalar, Node | null>;
const indexes = new WeakMap<YAMLMap, Map<string, AnyPair[]>>();

/** The pairs of a mapping by key: with thousands of services, looking through all of them for each would take long. */
function indexOf(source: SourceDocument, map: YAMLMap): Map<string, AnyPair[]> {
  let index = indexes.get(map);
  if (index === undefined) {
    index = Map.groupBy(map.items as AnyPair[], (pair) => asScalar(source, pair.key)?.value ?? '');
    indexes.set(map, index);
  }
  return index;
}

/** All pairs of that key, the one that counts first: the mapping's own, then what `<<` brings, in its order. */
export function findKey(source: SourceDocument, map: YAMLMap, key: string, depth = 0): FoundKey[] {
  const index = indexOf(source, map);
  const own = (index.get(encoded(key)) ?? []).map((pair) => ({ pair, map, merged: false }));
  if (depth > 50) return own;
  const merged = (index.get('<<') ?? [])
    .flatMap((pair) => {
      const seq = asSeq(source, pair.value);
      return (seq ? seq.items : [pair.value]).flatMap((item) => {
        const from = asMap(source, item);
        return from ? findKey(source, from, key, depth + 1) : [];
      });
    })
    .map((found) => ({ ...found, merged: true }));
  return [...own, ...merged];
}

/** The scalar's value with the offset of each character; undefined where the two cannot be matched. */
export function cookScalar(source: SourceDocument, node: Scalar<string>): CookedText | undefined {
  const { file } = source;
  const range = node.range;
  if (!range) return undefined;
  const [from, to] = range;
  const cooked =
    node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED'
      ? cookBlockScalar(file, from, to)
      : node.type === 'QUOTE_SINGLE'
        ? cookFlowScalar(file, from + 1, to - 1, 'single')
        : node.type === 'QUOTE_DOUBLE'
          ? cookFlowScalar(file, from + 1, to - 1, 'double')
          : cookFlowScalar(file, from, to, 'plain');
  return cooked !== undefined && cooked.value === String(node.value ?? '') ? cooked : undefined;
}
