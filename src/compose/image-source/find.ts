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
  type FoundKey,
  type SourceDocument,
} from './yaml-source.ts';

/** A place that could supply a service's image. */
export interface Candidate {
  source: SourceDocument;
  scope: Scope;
  found: FoundKey;
  /** It stands in the service's own mapping: no anchor, no `<<`, no `extends` in between. */
  own: boolean;
}

/** A mapping that defines the service in the chain of files (not the base of an `extends`). */
export interface Home {
  source: SourceDocument;
  scope: Scope;
  /** The service's key and its value as written, perhaps an alias. */
  pair: Pair<Scalar, Node | null>;
  map: YAMLMap | undefined;
}

/** Everything that the files say about one service's image, the likeliest first. */
export interface Findings {
  candidates: Candidate[];
  homes: Home[];
  /** Files that Compose would fetch from elsewhere. */
  remote: string[];
}

/** Walks the chain of files through `extends` and `include` as Compose does, for one service at a time. */
export class Finder {
  readonly #sources: SourceFiles;
  readonly #parsed = new Map<string, SourceDocument[]>();
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
    const findings: Findings = { candidates: [], homes: [], remote: [] };
    this.#chain(service, this.#files, this.#directory, this.#scope, findings, []);
    return findings;
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
    for (const path of [...files].reverse()) {
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
    for (const found of this.#servicePairs(source, service)) {
      const map = asMap(source, found.pair.value);
      out.homes.push({ source, scope, pair: found.pair, map });
      if (map)
        this.#inService(
          source,
          map,
          { directory, scope, own: map === found.pair.value && !found.merged },
          out,
          [],
        );
    }
  }

  #servicePairs(source: SourceDocument, service: string): FoundKey[] {
    const root = asMap(source, source.document.contents);
    const services = root ? asMap(source, findKey(source, root, 'services')[0]?.pair.value) : undefined;
    return services ? findKey(source, services, service).slice(0, 1) : [];
  }

  #inService(
    source: SourceDocument,
    map: YAMLMap,
    at: { directory: string; scope: Scope; own: boolean },
    out: Findings,
    visited: string[],
  ): void {
    for (const found of findKey(source, map, 'image')) {
      out.candidates.push({ source, scope: at.scope, found, own: at.own && !found.merged });
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
      for (const found of this.#servicePairs(base, service)) {
        const inner = asMap(base, found.pair.value);
        const directory = name === undefined ? at.directory : dirname(base.file.path);
        if (inner)
          this.#inService(base, inner, { directory, scope: at.scope, own: false }, out, [...visited, seen]);
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
