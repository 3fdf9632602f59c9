import { parseEnvFile, type EnvEntry, type EnvFile } from './env-file.ts';
import { encoded, type SourceFiles } from './source-files.ts';
import { spansOf, textOf } from './spans.ts';

/** What a variable is, and where it is written; no `entry` when it comes from the process environment. */
export interface Definition {
  value: string;
  entry?: EnvEntry;
  /** Resolves the variables inside the entry's own value. */
  lookup: Lookup;
}

export type Lookup = (name: string) => Definition | undefined;

/** The variables that interpolation sees in one part of the project; an `include` has a scope of its own. */
export interface Scope {
  lookup: Lookup;
  /** Where a line for a new variable goes. */
  newLines: string | undefined;
}

/** The outermost scope: the process environment, then the env files, of which the last wins. */
export function projectScope(
  env: Readonly<Record<string, string | undefined>>,
  envFiles: readonly string[],
  sources: SourceFiles,
): Scope {
  const outer: Lookup = (name) => {
    const value = env[name];
    return value === undefined ? undefined : { value: encoded(value), lookup: () => undefined };
  };
  return { lookup: withFiles(outer, envFiles, sources), newLines: envFiles.at(-1) };
}

/** The scope of an `include`: what the outer scope has wins over the include's own env files. */
export function includedScope(outer: Scope, envFiles: readonly string[], sources: SourceFiles): Scope {
  return { lookup: withFiles(outer.lookup, envFiles, sources), newLines: outer.newLines };
}

function withFiles(outer: Lookup, paths: readonly string[], sources: SourceFiles): Lookup {
  const found = new Map<string, Definition>();
  for (const path of paths) {
    const file = sources.read(path);
    if (file) addFile(parseEnvFile(file), outer, found);
  }
  return (name) => outer(name) ?? found.get(name);
}

function addFile(file: EnvFile, outer: Lookup, found: Map<string, Definition>): void {
  const earlier = new Map(found);
  const own = new Map<string, Definition>();
  for (const entry of file.entries) {
    const before = new Map(own);
    const lookup: Lookup = (name) => outer(name) ?? earlier.get(name) ?? before.get(name);
    // A name without a value passes on what is set elsewhere.
    if (entry.value === undefined) continue;
    const value = textOf(spansOf(entry.value, entry.parts, lookup, { writeEnv: false }));
    own.set(entry.name, { value, entry, lookup });
    found.set(entry.name, { value, entry, lookup });
  }
}
