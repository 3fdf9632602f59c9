import type { Argv } from './runner.ts';

/**
 * Runs a constant shell script in a container; values are its positional parameters, so none is ever read as shell.
 * `stdin` only when something is fed: `docker exec -i` with an empty standard input can hang.
 */
export function execScriptArgv(
  container: string,
  script: string,
  args: readonly string[] = [],
  options: { stdin?: boolean; user?: string } = {},
): Argv {
  return [
    'docker', 'exec',
    ...(options.stdin === true ? ['--interactive'] : []),
    ...(options.user === undefined ? [] : ['--user', options.user]),
    container, 'sh', '-c', script, 'rewind', ...args,
  ]; // prettier-ignore
}
