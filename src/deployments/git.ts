import { createHash } from 'node:crypto';
import { lstat, readFile, readlink, realpath } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { answerLines } from '../docker/answer.ts';
import type { Runner } from '../docker/runner.ts';
import { RewindError } from '../errors.ts';

/** The commit that the project directory is at; null outside a repository, before the first commit, and without git. */
export async function currentCommit(runner: Runner, directory: string): Promise<string | null> {
  try {
    const result = await runner.run(['git', 'rev-parse', '--verify', '--quiet', 'HEAD'], { cwd: directory });
    return result.exitCode === 0 ? result.stdout.trim() : null;
  } catch {
    return null;
  }
}

/**
 * The tag that names the source of a build: the short commit, with `-dirty-<8 hex of the content>` where the tree has
 * changes. The Compose files (`own`) and `.rewind` do not count: deploying changes them itself.
 * Throws NO_COMMIT outside a repository and DIRTY_TREE (exit 4) without `allowDirty`.
 */
export async function revisionTag(
  runner: Runner,
  directory: string,
  own: readonly string[],
  allowDirty: boolean,
): Promise<string> {
  const short = await runner.run(['git', 'rev-parse', '--short', '--verify', '--quiet', 'HEAD'], {
    cwd: directory,
  });
  if (short.exitCode !== 0) {
    throw new RewindError(
      'NO_COMMIT',
      `${directory} is not in a git repository with a commit, so there is no tag to build with`,
      {
        exit: 'refused',
        hint: 'Commit first, or name the tag: docker rewind deploy --build --tag 1.4.2',
      },
    );
  }
  const [tag = ''] = answerLines(short.stdout, 'the commit');
  const shown = await runner.run(['git', 'rev-parse', '--show-toplevel'], { cwd: directory });
  if (shown.exitCode !== 0) throw new RewindError('GIT', `git rev-parse failed: ${shown.stderr.trim()}`);
  const top = shown.stdout.trim();
  // Git names the repository by its real path.
  const real = (path: string): Promise<string> => realpath(path).catch(() => path);
  const paths = [...(await Promise.all(own.map(real))), join(await real(directory), '.rewind')];
  const excluded = paths
    .map((path) => relative(top, path))
    .filter((path) => !path.startsWith('..'))
    .map((path) => `:(top,exclude,literal)${path}`);
  const pathspec = ['--', ':/', ...excluded];
  const status = await runner.run(
    ['git', 'status', '--porcelain', '-z', '--no-renames', '--untracked-files=all', ...pathspec],
    { cwd: top },
  );
  if (status.exitCode !== 0) throw new RewindError('GIT', `git status failed: ${status.stderr.trim()}`);
  if (status.stdout === '') return tag;
  if (!allowDirty) {
    const files = status.stdout
      .split('\0')
      .filter((line) => line !== '')
      .map((line) => line.slice(3));
    throw new RewindError(
      'DIRTY_TREE',
      `the tree has changes that are not in commit ${tag}, so its tag would not say what was built`,
      {
        exit: 'refused',
        hint: 'Commit them, or deploy with --allow-dirty (the tag then says so)',
        details: files.slice(0, 5).concat(files.length > 5 ? [`… and ${files.length - 5} more`] : []),
      },
    );
  }
  return `${tag}-dirty-${await contentHash(runner, top, pathspec)}`;
}

/** Eight hex digits over what differs from HEAD: the names, kinds and bytes of all files that were changed or are new. */
async function contentHash(runner: Runner, top: string, pathspec: readonly string[]): Promise<string> {
  const list = async (...args: string[]): Promise<string[]> => {
    const result = await runner.run(['git', ...args, '-z', ...pathspec], { cwd: top });
    if (result.exitCode !== 0) throw new RewindError('GIT', `git ${args[0]} failed: ${result.stderr.trim()}`);
    return result.stdout.split('\0').filter((path) => path !== '');
  };
  const paths = await Promise.all([
    list('diff', 'HEAD', '--name-only', '--no-renames', '--no-ext-diff'),
    list('ls-files', '--others', '--exclude-standard'),
  ]);
  const hash = createHash('sha256');
  for (const path of paths.flat().sort()) {
    hash.update(`\0${path}\0`);
    for (const part of await contentOf(runner, join(top, path))) hash.update(part);
  }
  return hash.digest('hex').slice(0, 8);
}

async function contentOf(runner: Runner, path: string): Promise<(string | Buffer)[]> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return ['gone'];
  if (found.isSymbolicLink()) return ['link', await readlink(path)];
  // A submodule, or a repository inside this one.
  if (found.isDirectory()) return ['commit', (await currentCommit(runner, path)) ?? ''];
  return [found.mode & 0o100 ? 'program' : 'file', await readFile(path)];
}
