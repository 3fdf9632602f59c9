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
  directories: readonly string[],
): Promise<ResolvedModel> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'docker-rewind-')));
  try {
    const cwd = logicalDirectory(project.cwd, project.env['PWD']);
    const files = build(root);
    plant(root, files, [...directories, cwd]);
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

function plant(root: string, files: ShadowFiles, directories: readonly string[]): void {
  const real = new Set<string>();
  for (const start of [...[...files.keys()].map((path) => dirname(path)), ...directories]) {
    for (let directory = start; ; directory = dirname(directory)) {
      real.add(directory);
      if (directory === dirname(directory)) break;
    }
  }
  for (const directory of [...real].toSorted((a, b) => a.length - b.length)) {
    mkdirSync(join(root, directory), { recursive: true });
    for (const name of list(directory)) {
      const path = join(directory, name);
      if (!real.has(path) && !files.has(path)) symlinkSync(path, join(root, path));
    }
  }
  for (const [path, content] of files) writeFileSync(join(root, path), content);
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
