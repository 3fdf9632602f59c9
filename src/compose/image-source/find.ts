import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Node, Pair, Scalar, YAMLMap } from 'yaml';
import type { SourceFile, SourceFiles } from './source-files.ts';
import { spansOf, textOf } from './spans.ts';
import { parseTemplate } from './template.ts';
import { includedScope, type Scope } from './variables.ts';
import {
  asMap,
  asScalar,
  asSeq,
  cookScalar,
  findKey,
  parseDocuments,
  yaml,
  type FoundKey,
  type SourceDocument,
} from './yaml-source.ts';

/** A place that could supply a service's image. */
export interface Candidate {
  source: SourceDocument;
  scope: Scope;
  found: FoundKey;
  /** It stands in the service's own mapping: no alias, no `<<`, no `extends` in between. */
  own: boolean;
  /** It, or a mapping around it, has an anchor. */
  anchored: boolean;
}

/** A mapping that defines the service in the chain of files (not the base of an `extends`). */
export interface Home {
  source: SourceDocument;
  scope: Scope;
  /** The service's key and its value as written, perhaps an alias. */
  pair: Pair<Scalar, Node | null>;
  map: YAMLMap | undefined;
  /** The mapping of services that the key stands in. */
  parent: YAMLMap;
  /** The key came through `<<`. */
  merged: boolean;
  /** The column of the `services` key. */
  outerColumn: number;
}

/** Everything that the files say about one service's image, the likeliest first. */
export interface Findings {
  candidates: Candidate[];
  homes: Home[];
  /** Files that Compose would fetch from elsewhere. */
  remote: string[];
  /** Some file uses `extends`, so that one service may read another's image. */
  extended: boolean;
}

/** Walks the chain of files through `extends` and `include` as Compose does, for one service at a time. */
export class Finder {
  readonly #sources: SourceFiles;
  readonly #parsed = new Map<string, SourceDocument[]>();
  readonly #extending = new Map<SourceFile, boolean>();
  readonly #files: readonly string[];
  readonly #directory: string;
  readonly #scope: Scope;

  constructor(sources: SourceFiles, files: readonly string[], directory: string, scope: Scope) {
    this.#sources = sources;
    this.#files = files;
    this.#directory = directory;
    this.#scope = scope;
  }

  find(service: string): Findings {
    const findings: Findings = { candidates: [], homes: [], remote: [], extended: false };
    this.#chain(service, this.#files, this.#directory, this.#scope, findings, []);
    findings.extended = this.#sources.all().some((file) => this.#extends(file));
    return findings;
  }

  #extends(file: SourceFile): boolean {
    const known = this.#extending.get(file);
    if (known !== undefined) return known;
    const extending = /\bextends\b/.test(file.text);
    this.#extending.set(file, extending);
    return extending;
  }

  documents(file: SourceFile): SourceDocument[] {
    const known = this.#parsed.get(file.path);
    if (known) return known;
    const parsed = parseDocuments(file);
    this.#parsed.set(file.path, parsed);
    return parsed;
  }

  #chain(
    service: string,
    files: readonly string[],
    directory: string,
    scope: Scope,
    out: Findings,
    visited: string[],
  ): void {
    for (const path of files.toReversed()) {
      const file = this.#sources.read(path);
      if (!file || visited.includes(path)) {
        if (!file && path !== '-') out.remote.push(path);
        continue;
      }
      const documents = this.documents(file).toReversed();
      for (const source of documents) this.#inDocument(service, source, directory, scope, out);
      for (const source of documents)
        this.#includes(service, source, directory, scope, out, [...visited, path]);
    }
  }

  #inDocument(service: string, source: SourceDocument, directory: string, scope: Scope, out: Findings): void {
    for (const { found, services, root } of this.#servicePairs(source, service)) {
      const map = asMap(source, found.pair.value);
      const { pair, merged } = found;
      out.homes.push({
        source,
        scope,
        pair,
        map,
        parent: found.map,
        merged,
        outerColumn: columnOf(source, services.pair.key),
      });
      const own = map === pair.value && !merged && !services.merged && services.pair.value === found.map;
      const anchored = [root, found.map, map].some((each) => each?.anchor !== undefined);
      if (map) this.#inService(source, map, { directory, scope, own, anchored }, out, []);
    }
  }

  #servicePairs(
    source: SourceDocument,
    service: string,
  ): { found: FoundKey; services: FoundKey; root: YAMLMap }[] {
    const root = asMap(source, source.document.contents);
    const services = root && findKey(source, root, 'services')[0];
    const map = asMap(source, services?.pair.value);
    if (!root || !services || !map) return [];
    return findKey(source, map, service)
      .slice(0, 1)
      .map((found) => ({ found, services, root }));
  }

  #inService(
    source: SourceDocument,
    map: YAMLMap,
    at: { directory: string; scope: Scope; own: boolean; anchored: boolean },
    out: Findings,
    visited: string[],
  ): void {
    for (const found of findKey(source, map, 'image')) {
      const { value } = found.pair;
      const anchored = at.anchored || yaml().isAlias(value) || (value as Scalar | null)?.anchor !== undefined;
      out.candidates.push({ source, scope: at.scope, found, own: at.own && !found.merged, anchored });
    }
    const extended = findKey(source, map, 'extends')[0]?.pair.value;
    if (extended === undefined) return;
    const detail = asMap(source, extended);
    const read = (key: string): string | undefined => {
      const node = detail
        ? findKey(source, detail, key)[0]?.pair.value
        : key === 'service'
          ? extended
          : undefined;
      return this.#text(source, node, at.scope);
    };
    const service = read('service');
    const name = read('file');
    if (service === undefined) return;
    const seen = `${source.file.path}\0${name ?? ''}\0${service}`;
    if (visited.includes(seen)) return;
    const bases =
      name === undefined
        ? [source]
        : this.#open(name, [at.directory, dirname(source.file.path)], out).toReversed();
    for (const base of bases) {
      for (const { found } of this.#servicePairs(base, service)) {
        const inner = asMap(base, found.pair.value);
        const directory = name === undefined ? at.directory : dirname(base.file.path);
        if (inner)
          this.#inService(base, inner, { directory, scope: at.scope, own: false, anchored: true }, out, [
            ...visited,
            seen,
          ]);
      }
    }
  }

  #open(name: string, directories: readonly string[], out: Findings): SourceDocument[] {
    for (const directory of directories) {
      const file = this.#sources.read(resolve(directory, name));
      if (file) return this.documents(file);
    }
    out.remote.push(name);
    return [];
  }

  #includes(
    service: string,
    source: SourceDocument,
    directory: string,
    scope: Scope,
    out: Findings,
    visited: string[],
  ): void {
    const root = asMap(source, source.document.contents);
    const list = root ? asSeq(source, findKey(source, root, 'include')[0]?.pair.value) : undefined;
    for (const item of list?.items ?? []) {
      const detail = asMap(source, item);
      const texts = (key: string): string[] => {
        const node = detail ? findKey(source, detail, key)[0]?.pair.value : key === 'path' ? item : undefined;
        const seq = asSeq(source, node);
        return (seq ? seq.items : [node])
          .map((each) => this.#text(source, each, scope))
          .filter((text) => text !== undefined);
      };
      const paths = texts('path').map((path) => {
        const local = resolve(directory, path);
        return existsSync(local) ? local : path;
      });
      const first = paths[0];
      if (first === undefined) continue;
      const named = texts('project_directory')[0];
      const inside = named !== undefined && named !== '' ? resolve(directory, named) : dirname(first);
      const envFiles = texts('env_file').map((path) => resolve(directory, path));
      const inner = includedScope(
        scope,
        envFiles.length > 0 ? envFiles : [join(inside, '.env')],
        this.#sources,
      );
      this.#chain(service, paths, inside, inner, out, visited);
    }
  }

  #text(source: SourceDocument, node: unknown, scope: Scope): string | undefined {
    const scalar = asScalar(source, node);
    const cooked = scalar && cookScalar(source, scalar);
    if (!cooked) return scalar?.value;
    const parts = parseTemplate(cooked.value);
    return parts
      ? Buffer.from(textOf(spansOf(cooked, parts, scope.lookup, { writeEnv: false })), 'latin1').toString(
          'utf8',
        )
      : undefined;
  }
}

function columnOf(source: SourceDocument, key: Scalar): number {
  const at = key.range?.[0] ?? 0;
  return at - (source.file.text.lastIndexOf('\n', at - 1) + 1);
}
