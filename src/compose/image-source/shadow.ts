import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import type { Argv, Runner, RunOptions, RunResult } from '../../docker/runner.ts';
import type { ComposeOptions } from '../options.ts';
import { resolveModel, type Project, type ResolvedModel } from '../project.ts';

/** Files as they shall be in the shadow: absolute path as Compose sees it → content. */
export type ShadowFiles = ReadonlyMap<string, Buffer>;

/** Which part of the real tree the shadow stands for. */
export interface ShadowTree {
  /** Every directory that Compose reads something in. */
  directories: readonly string[];
  /** How many levels some path may lead out of them (`../` is one): what lies there must be there, too. */
  outward: number;
}

/**
 * Asks Compose what the project would resolve to if some files had other contents, without touching them: a
 * directory tree of symbolic links in the temporary directory stands in for the real one, with the changed files
 * (and every directory on the way to them) as real ones. The paths in the answer are those of the real tree.
 */
export async function resolveShadow(
  project: Pick<Project, 'cwd' | 'env'>,
  options: ComposeOptions,
  build: (root: string) => ShadowFiles,
  runner: Runner,
  tree: ShadowTree,
): Promise<ResolvedModel> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'docker-rewind-')));
  try {
    const cwd = logicalDirectory(project.cwd, project.env['PWD']);
    const files = build(root);
    plant(root, files, { ...tree, directories: [...tree.directories, cwd] });
    const shadowRunner: Runner = {
      run: async (argv: Argv, runOptions?: RunOptions): Promise<RunResult> => {
        const result = await runner.run(argv, runOptions);
        return {
          ...result,
          stdout: result.stdout.replaceAll(root, ''),
          stderr: result.stderr.replaceAll(root, ''),
        };
      },
    };
    return await resolveModel(
      shadowRunner,
      inShadow(root, options),
      join(root, cwd),
      environment(root, project.env),
    );
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** The directory as the shell knows it: Compose takes $PWD for it when that is the same directory. */
function logicalDirectory(cwd: string, pwd: string | undefined): string {
  if (pwd === undefined || !isAbsolute(pwd)) return cwd;
  try {
    const [a, b] = [statSync(pwd), statSync(cwd)];
    return a.ino === b.ino && a.dev === b.dev ? pwd : cwd;
  } catch {
    return cwd;
  }
}

function plant(root: string, files: ShadowFiles, tree: ShadowTree): void {
  const starts = [...[...files.keys()].map((path) => dirname(path)), ...tree.directories];
  const real = new Set(starts.flatMap(ancestors));
  const common = [...real].filter((directory) =>
    starts.every((start) => ancestors(start).includes(directory)),
  );
  const top = common.toSorted((a, b) => a.length - b.length).at(-1) ?? '/';
  for (const directory of [...real].toSorted((a, b) => a.length - b.length)) {
    mkdirSync(join(root, directory), { recursive: true });
    // Directories above may be large (/tmp, /home), and hardly ever does anything lead there.
    if (directory.length < top.length && ancestors(top).indexOf(directory) > tree.outward) continue;
    for (const name of list(directory)) {
      const path = join(directory, name);
      if (!real.has(path) && !files.has(path)) symlinkSync(path, join(root, path));
    }
  }
  for (const [path, content] of files) writeFileSync(join(root, path), content);
}

/** The directory itself and everything above it. */
function ancestors(start: string): string[] {
  const found = [start];
  for (let at = start; at !== dirname(at); at = dirname(at)) found.push(dirname(at));
  return found;
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function inShadow(root: string, options: ComposeOptions): ComposeOptions {
  const moved = (path: string): string => (isAbsolute(path) ? join(root, path) : path);
  return {
    ...options,
    files: options.files.map(moved),
    envFiles: options.envFiles.map(moved),
    ...(options.projectDirectory === undefined ? {} : { projectDirectory: moved(options.projectDirectory) }),
  };
}

/** Variables that name files by absolute paths. */
function environment(
  root: string,
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const moved: Record<string, string> = {};
  const move = (name: string, separator: string): void => {
    const value = env[name];
    if (value) {
      const parts = value.split(separator).map((path) => (isAbsolute(path) ? join(root, path) : path));
      moved[name] = parts.join(separator);
    }
  };
  move('COMPOSE_FILE', env['COMPOSE_PATH_SEPARATOR'] ?? ':');
  move('COMPOSE_ENV_FILES', ',');
  return moved;
}
