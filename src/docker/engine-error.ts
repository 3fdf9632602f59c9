import { RewindError } from '../errors.ts';
import { hushed } from '../hush.ts';
import type { RunResult } from './runner.ts';

/** The last line that a program wrote to stderr, without logrus decoration: docker puts the reason there. */
export function lastLine(result: RunResult): string {
  const lines = result.stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return hushed(lines.at(-1) ?? `exit code ${result.exitCode}`)
    .replace(/^time="[^"]*" level=\w+ msg="?/, '')
    .replace(/^Error response from daemon: /, '');
}

/** Makes the error of a docker call that should have worked. */
export function engineError(result: RunResult, doing = 'talking to the Docker engine'): RewindError {
  if (isUnreachable(result)) {
    return new RewindError('ENGINE_UNREACHABLE', `the Docker engine cannot be reached: ${lastLine(result)}`, {
      hint: 'Start it (systemctl start docker), or choose another with --context; docker rewind doctor says more',
    });
  }
  return new RewindError('ENGINE', `${doing} failed: ${lastLine(result)}`, {
    details: hushed(result.stderr)
      .split('\n')
      .filter((line) => line.trim() !== '')
      .slice(-6, -1),
    hint: 'docker rewind doctor tells whether the engine is well; then try again',
  });
}

export function isUnreachable(result: RunResult): boolean {
  return /cannot connect to the docker daemon|error during connect|permission denied while trying to connect|dial unix|failed to connect to the docker API/i.test(
    result.stderr,
  );
}
