import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { RewindError } from '../errors.ts';
import type { ComposeOptions } from './options.ts';

// The names that Compose looks for, in its order (compose-go cli.DefaultFileNames, DefaultOverrideFileNames).
const DEFAULT_NAMES = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];
const OVERRIDE_NAMES = [
  'compose.override.yml',
  'compose.override.yaml',
  'docker-compose.override.yml',
  'docker-compose.override.yaml',
];

/** Where the project is and which files describe it, all absolute. */
export interface ComposeFiles {
  directory: string;
  /** The chain, in the order of merging; `-` for standard input. */
  files: readonly string[];
}

/**
 * Finds the files as Compose does: `-f`, else COMPOSE_FILE (from the environment or from the `.env` of the
 * current directory), else the default names here or in the nearest parent. Compose has no command that tells,
 * so this look-up (and nothing else of Compose's resolution) is done again here.
 */
export function findComposeFiles(
  options: ComposeOptions,
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): ComposeFiles {
  const base = options.projectDirectory === undefined ? undefined : resolve(cwd, options.projectDirectory);
  const named = options.files.length > 0 ? [...options.files] : composeFileVariable(options, base ?? cwd, cwd, env);
  if (named.length > 0) {
    const files = named.map((file) => (file === '-' ? file : resolve(cwd, file)));
    const first = files[0] as string;
    return { directory: base ?? (first === '-' ? cwd : dirname(first)), files };
  }
  for (let directory = base ?? cwd; ; directory = dirname(directory)) {
    const file = DEFAULT_NAMES.map((name) => join(directory, name)).find((path) => existsSync(path));
    if (file !== undefined) {
      const override = OVERRIDE_NAMES.map((name) => join(directory, name)).find((path) => existsSync(path));
      return { directory: base ?? directory, files: override === undefined ? [file] : [file, override] };
    }
    if (directory === dirname(directory)) break;
  }
  throw new RewindError('NO_COMPOSE_FILE', `there is no Compose file in ${base ?? cwd} or above it`, {
    exit: 'usage',
    hint: 'Change to the project directory, or name the file: docker rewind -f path/compose.yml …',
  });
}

function composeFileVariable(
  options: ComposeOptions,
  base: string,
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  const fromFiles = (name: string): string | undefined =>
    envFiles(options, base, cwd, env)
      .map((path) => lastAssignment(path, name))
      .findLast((value) => value !== undefined);
  const value = env['COMPOSE_FILE'] ?? fromFiles('COMPOSE_FILE');
  if (value === undefined || value === '') return [];
  const separator = env['COMPOSE_PATH_SEPARATOR'] ?? fromFiles('COMPOSE_PATH_SEPARATOR') ?? ':';
  return value.split(separator).filter((part) => part !== '');
}

/** The files that interpolation reads: `--env-file`, else COMPOSE_ENV_FILES, else `.env` of `base`. */
export function envFiles(
  options: ComposeOptions,
  base: string,
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  const named =
    options.envFiles.length > 0
      ? [...options.envFiles]
      : (env['COMPOSE_ENV_FILES'] ?? '').split(',').filter((part) => part !== '');
  return named.length > 0 ? named.map((file) => resolve(cwd, file)) : [join(base, '.env')];
}

function lastAssignment(path: string, name: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  const pattern = new RegExp(`^\\uFEFF?[ \\t]*(?:export[ \\t]+)?${name}[ \\t]*[=:][ \\t]*(.*?)[ \\t]*\\r?$`, 'gm');
  const last = [...text.matchAll(pattern)].at(-1)?.[1];
  if (last === undefined) return undefined;
  const quoted = /^(["'])(.*)\1/.exec(last);
  return quoted ? quoted[2] : last.replace(/\s+#.*$/, '');
}
