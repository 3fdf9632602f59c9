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

/** Where `--override` pins images: read as the last file of the chain by every command. */
export const REWIND_FILE = 'compose.rewind.yml';
/** The comment `# base: compose.yml` in it names the first file of the chain that it belongs to. */
export const REWIND_FILE_BASE = 'base';

/** Where the project is and which files describe it, all absolute. */
export interface ComposeFiles {
  directory: string;
  /** The chain, in the order of merging; `-` for standard input. */
  files: readonly string[];
  /** The last file is `compose.rewind.yml` and Compose does not know of it: it must be told the whole chain. */
  rewind?: true;
}

/** The chain as Compose sees it, and behind it the pins of `--override` when there are any. */
export function findComposeFiles(
  options: ComposeOptions,
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): ComposeFiles {
  const found = findChain(options, cwd, env);
  const path = join(found.directory, REWIND_FILE);
  if (found.files.includes(path) || !belongsTo(path, found)) return found;
  return { ...found, files: [...found.files, path], rewind: true };
}

function belongsTo(path: string, chain: ComposeFiles): boolean {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return false;
  }
  const base = new RegExp(`^# ${REWIND_FILE_BASE}: (.+?)\\r?$`, 'm').exec(text)?.[1];
  const first = chain.files[0] as string;
  return base === undefined || (first === '-' ? base === '-' : resolve(chain.directory, base) === first);
}

/**
 * Finds the files as Compose does: `-f`, else COMPOSE_FILE (from the environment or from the `.env` of the
 * current directory), else the default names here or in the nearest parent. Compose has no command that tells,
 * so this look-up (and nothing else of Compose's resolution) is done again here.
 */
function findChain(
  options: ComposeOptions,
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): ComposeFiles {
  const base = options.projectDirectory === undefined ? undefined : resolve(cwd, options.projectDirectory);
  const named =
    options.files.length > 0 ? [...options.files] : composeFileVariable(options, base ?? cwd, cwd, env);
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
  if (named.length > 0) return named.map((file) => resolve(cwd, file));
  // As Go reads a boolean.
  const disabled = /^(?:1|t|true)$/i.test(env['COMPOSE_DISABLE_ENV_FILE'] ?? '');
  return disabled ? [] : [join(base, '.env')];
}

function lastAssignment(path: string, name: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  const pattern = new RegExp(
    `^\\uFEFF?[ \\t]*(?:export[ \\t]+)?${name}[ \\t]*[=:][ \\t]*(.*?)[ \\t]*\\r?$`,
    'gm',
  );
  const last = [...text.matchAll(pattern)].at(-1)?.[1];
  if (last === undefined) return undefined;
  const quoted = /^(["'])(.*)\1/.exec(last);
  return quoted ? quoted[2] : last.replace(/\s+#.*$/, '');
}
