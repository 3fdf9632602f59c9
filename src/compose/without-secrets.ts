import type { Document, Node, Pair, Scalar, YAMLMap } from 'yaml';
import type * as yamlPackage from 'yaml';
import { hushed, isReference, namesSecret, NOT_KEPT } from '../hush.ts';

type Yaml = Pick<typeof yamlPackage, 'isAlias' | 'isMap' | 'isScalar' | 'isSeq'>;

/**
 * A Compose file as it was, but for secrets' values: those of `environment`, of build arguments and of inline secrets and
 * configs, and whatever a name calls a secret. Every other byte stays, comments and order too. A file that is no YAML
 * is not kept at all: nobody can tell what of it is a secret. With `keepLines` every line stays where it is.
 */
export async function withoutSecrets(text: string, keepLines = false): Promise<string> {
  const yaml = await import('./yaml.ts');
  const documents = yaml.parseAllDocuments(text);
  if (!Array.isArray(documents)) return text;
  if (documents.some(({ errors }) => errors.length > 0)) return `# ${NOT_KEPT}: this file is no YAML\n`;
  const redaction = new Redaction(yaml);
  for (const document of documents) redaction.document(document);
  // Aliases of aliases of aliases: nothing that a Compose file needs.
  if (redaction.gaveUp) return `# ${NOT_KEPT}: this file leads to more than can be looked at\n`;
  return withoutComments(redaction.applied(text, keepLines));
}

/** Comments keep what they say, without what they say of secrets. */
function withoutComments(text: string): string {
  return text
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, (comment) => hushed(comment)))
    .join('\n');
}

const DEEPEST = 100;
const MOST_VISITS = 200_000;

interface Edit {
  start: number;
  end: number;
  text: string;
}

class Redaction {
  readonly #edits = new Map<number, Edit>();
  readonly #seen = new Set<unknown>();
  readonly #yaml: Yaml;
  #document: Document | undefined;
  /** Looking an alias up walks the whole document. */
  readonly #resolutions = new Map<unknown, Node>();
  #visits = 0;

  constructor(yaml: Yaml) {
    this.#yaml = yaml;
  }

  document(document: Document): void {
    this.#document = document;
    this.#any(document.contents, [], 0);
  }

  get gaveUp(): boolean {
    return this.#visits > MOST_VISITS;
  }

  applied(text: string, keepLines: boolean): string {
    const edits = [...this.#edits.values()].sort((a, b) => b.start - a.start);
    let result = text;
    for (const { start, end, text: replacement } of edits) {
      const slice = text.slice(start, end);
      const newlines = keepLines
        ? '\n'.repeat(slice.split('\n').length - 1)
        : (/\r?\n$/.exec(slice)?.[0] ?? '');
      result = result.slice(0, start) + replacement + newlines + result.slice(end);
    }
    return result;
  }

  #any(given: unknown, path: readonly string[], depth: number): void {
    if (depth > DEEPEST || ++this.#visits > MOST_VISITS) return;
    const { isMap, isSeq, isScalar } = this.#yaml;
    const node = this.#resolved(given);
    if (isValues(path)) return this.#values(node);
    if (isMap(node)) {
      for (const pair of node.items) this.#pair(pair, path, depth);
    } else if (isSeq(node)) {
      this.#list(node.items, path, depth);
    } else if (isScalar(node)) this.#scalar(node, path);
  }

  #pair({ key, value }: Pair, path: readonly string[], depth: number): void {
    const name = String((key as Scalar | null)?.value ?? '');
    // A merge brings the keys of another map to this very place.
    this.#any(value, name === '<<' ? path : [...path, name], depth + 1);
  }

  /** Of a command's words, the one behind `--password`. */
  #list(items: readonly unknown[], path: readonly string[], depth: number): void {
    const { isScalar } = this.#yaml;
    let flag = false;
    for (const item of items) {
      const node = this.#resolved(item);
      if (flag && isScalar(node)) this.#hide(node);
      else this.#any(node, [...path, ''], depth + 1);
      const word = isScalar(node) ? String(node.value) : '';
      flag = /^--?[\w-]+$/.test(word) && namesSecret(word);
    }
  }

  /** A map of names to values, or a list of NAME=VALUE: every value goes. */
  #values(node: unknown): void {
    const { isMap, isSeq, isScalar } = this.#yaml;
    if (this.#seen.has(node)) return;
    this.#seen.add(node);
    if (isMap(node)) {
      for (const { key, value } of (node as YAMLMap).items) {
        const resolved = this.#resolved(value);
        if (String((key as Scalar | null)?.value) === '<<' || !isScalar(resolved)) this.#values(resolved);
        else this.#hide(resolved);
      }
    } else if (isSeq(node)) {
      for (const item of node.items) {
        const resolved = this.#resolved(item);
        if (!isScalar(resolved)) this.#values(resolved);
        else if (String(resolved.value).includes('='))
          this.#hide(resolved, /^[^=]*=/.exec(String(resolved.value))?.[0]);
      }
    } else if (isScalar(node)) this.#hide(node);
  }

  #scalar(node: Scalar, path: readonly string[]): void {
    const name = path.at(-1) ?? '';
    if (namesSecret(name)) return this.#hide(node);
    if (typeof node.value !== 'string') return;
    const quiet = hushed(node.value);
    if (quiet !== node.value) this.#replace(node, JSON.stringify(quiet));
  }

  /** `prefix`: what stays in front of the value. */
  #hide(node: Scalar, prefix?: string): void {
    const text = String(node.value ?? '');
    const value = text.slice((prefix ?? '').length);
    if (value === '' || isReference(value)) return;
    this.#replace(node, prefix === undefined ? NOT_KEPT : JSON.stringify(`${prefix}${NOT_KEPT}`));
  }

  #replace(node: Scalar, text: string): void {
    if (!node.range) return;
    const [start, end] = node.range;
    this.#edits.set(start, { start, end, text });
  }

  #resolved(node: unknown): Node | null | undefined {
    const { isAlias } = this.#yaml;
    if (!isAlias(node)) return node as Node | null | undefined;
    const known = this.#resolutions.get(node);
    if (known !== undefined) return known;
    const found = node.resolve(this.#document as Document) as Node | undefined;
    if (found !== undefined) this.#resolutions.set(node, found);
    return found;
  }
}

/** Whether all that is at this place in a Compose file are values of names: of a service's environment, of build arguments. */
function isValues(path: readonly string[]): boolean {
  const [top, , third, fourth] = path;
  if (top === 'services')
    return (
      (path.length === 3 && third === 'environment') ||
      (path.length === 4 && third === 'build' && fourth === 'args')
    );
  return path.length === 3 && (top === 'secrets' || top === 'configs') && third === 'content';
}
