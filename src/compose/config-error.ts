import type { RunResult } from '../docker/runner.ts';
import { RewindError } from '../errors.ts';
import { hushed } from '../hush.ts';

/** Why `docker compose config` failed, in its own words, as one line (exit 2: the input is at fault). */
export function configError(result: RunResult, files: readonly string[] = []): RewindError {
  const lines = withoutValues(result.stderr)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/level=warning/.test(line));
  const reason = (lines.at(-1) ?? 'no reason given').replace(/^time="[^"]*" level=\w+ msg="?/, '');
  if (
    /is not a docker command|unknown (shorthand )?(flag|command)/.test(result.stderr) &&
    /compose/.test(result.stderr)
  ) {
    return new RewindError('NO_COMPOSE', 'docker has no compose plugin', {
      hint: 'Install Docker Compose 2.20 or later: https://docs.docker.com/compose/install/',
    });
  }
  if (/no configuration file provided/.test(reason)) {
    return new RewindError('NO_COMPOSE_FILE', 'there is no Compose file here or above', {
      exit: 'usage',
      hint: 'Change to the project directory, or name the file: docker rewind -f path/compose.yml …',
    });
  }
  const where = files.length === 0 ? 'the Compose files' : files.join(', ');
  return new RewindError('INVALID_COMPOSE_FILE', `docker compose cannot read ${where}: ${reason}`, {
    exit: 'usage',
    hint: 'Mend the file; docker compose config shows what Compose makes of it',
    details: lines.slice(0, -1),
  });
}

/**
 * Compose quotes what it cannot read: a line of `.env`, the value that it cannot interpolate, all that follows a quote that
 * does not end. Where it says so is enough to find it.
 */
function withoutValues(stderr: string): string {
  return hushed(
    stderr
      .replace(/(invalid interpolation format for [^\n]*)\n(You may need[^\n]*)\n?[\s\S]*/, '$2\n$1')
      .replace(
        /(failed to read [^\n]*?(?:variable name|quoted value|near|line)\s+)"[\s\S]*/,
        '$1(not shown)',
      ),
  );
}
