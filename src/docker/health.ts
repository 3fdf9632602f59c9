import { jsonAnswer } from './answer.ts';
import { engineError } from './engine-error.ts';
import { inspectContainersArgv } from './containers.ts';
import { intervalOf, isUncheckedSincePause, type InspectedHealth } from './health-status.ts';
import type { Argv, Runner } from './runner.ts';

/** How a container is, and what its health check said last. */
export interface Health {
  id: string;
  name: string;
  status: string;
  /** Undefined where it has no health check. */
  check?: {
    status: string;
    /** Between two checks, milliseconds. */
    intervalMs: number;
    /** When the last one began, as the engine says it; undefined before the first. */
    lastAt?: string;
    lastPassed: boolean;
  };
}

interface Inspected {
  Id: string;
  Name: string;
  Config: { Healthcheck?: { Interval?: number } };
  State: { Status: string; Health?: InspectedHealth };
}

/** The present state of these containers. Throws where one is gone. */
export async function healthOf(runner: Runner, ids: readonly string[]): Promise<Health[]> {
  if (ids.length === 0) return [];
  const result = await runner.run(inspectContainersArgv(ids));
  if (result.exitCode !== 0) throw engineError(result, 'looking at containers');
  return jsonAnswer<Inspected[]>(result.stdout, 'containers').map(({ Id, Name, Config, State }) => {
    const last = State.Health?.Log?.at(-1);
    return {
      id: Id,
      name: Name.replace(/^\//, ''),
      status: State.Status,
      ...(State.Health === undefined || State.Health.Status === 'none'
        ? {}
        : {
            check: {
              status: isUncheckedSincePause(State.Health) ? 'healthy' : State.Health.Status,
              intervalMs: intervalOf(Config.Healthcheck),
              ...(last === undefined ? {} : { lastAt: last.Start }),
              lastPassed: last?.ExitCode === 0,
            },
          }),
    };
  });
}

/** The last run of a health check. */
export interface CheckRun {
  /** -1 where it was ended for taking too long. */
  exitCode: number;
  /** What it printed; the engine keeps the first 4096 bytes. */
  output: string;
}

export const lastCheckArgv = (container: string): Argv => [
  'docker', 'container', 'inspect', '--format', '{{if .State.Health}}{{json .State.Health.Log}}{{end}}', container,
]; // prettier-ignore

/** Undefined where there was none, or where the engine does not say. For messages alone: it may hold secrets. */
export async function lastCheckOf(runner: Runner, container: string): Promise<CheckRun | undefined> {
  const { exitCode, stdout } = await runner.run(lastCheckArgv(container));
  if (exitCode !== 0 || stdout.trim() === '') return undefined;
  const log = jsonAnswer<{ ExitCode: number; Output: string }[] | null>(stdout, 'a health check');
  const last = log?.at(-1);
  return last === undefined ? undefined : { exitCode: last.ExitCode, output: last.Output };
}
