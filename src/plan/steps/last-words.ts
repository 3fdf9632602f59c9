import { logsArgv } from '../../docker/compose.ts';
import type { ContainerState } from '../../docker/containers.ts';
import { lastCheckOf } from '../../docker/health.ts';
import type { StepContext } from './context.ts';

const LINES = 10;
// The engine keeps 4096 bytes of a check: one line of that fills a screen.
const LINE_LENGTH = 500;

/** Of each container what it logged last, headed by its name and state, and what its health check printed when it failed. */
export async function lastWords(
  { runner }: StepContext,
  containers: readonly ContainerState[],
): Promise<string[]> {
  const words = await Promise.all(
    containers.map(async (container) => {
      const { name, status, health, exitCode } = container;
      const [logs, check] = await Promise.all([
        runner.run(logsArgv(name, LINES)),
        lastCheckOf(runner, container.id).catch(() => undefined),
      ]);
      const state = status === 'running' ? (health ?? 'running') : `${status} with code ${exitCode}`;
      const logged = `${logs.stdout}${logs.stderr}`.split('\n').filter((line) => line !== '');
      const said = [`${name} (${state}), last log lines:`, ...logged.map(indented)];
      if (check === undefined || check.exitCode === 0) return said;
      const printed = lastLines(check.output);
      const checked = `${name}, last health check (exit code ${check.exitCode})`;
      return [
        ...said,
        ...(printed.length === 0 ? [`${checked} printed nothing`] : [`${checked}:`, ...printed]),
      ];
    }),
  );
  return words.flat();
}

/** Of a check the last lines, too: that is where `curl` says what went wrong, after a progress meter of carriage returns. */
function lastLines(text: string): string[] {
  return text
    .split(/[\r\n]+/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .slice(-LINES)
    .map((line) => (line.length > LINE_LENGTH ? `${line.slice(0, LINE_LENGTH)}…` : line))
    .map(indented);
}

const indented = (line: string): string => `  ${line}`;
