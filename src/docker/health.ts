import { jsonAnswer } from './answer.ts';
import { engineError } from './engine-error.ts';
import { inspectContainersArgv } from './containers.ts';
import type { Runner } from './runner.ts';

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
  State: {
    Status: string;
    Health?: { Status: string; Log?: { Start: string; ExitCode: number }[] | null };
  };
}

// The engine's own default, where the interval is given as 0 or not at all.
const INTERVAL_MS = 30_000;

/** The present state of these containers. Throws where one is gone. */
export async function healthOf(runner: Runner, ids: readonly string[]): Promise<Health[]> {
  if (ids.length === 0) return [];
  const result = await runner.run(inspectContainersArgv(ids));
  if (result.exitCode !== 0) throw engineError(result, 'looking at containers');
  return jsonAnswer<Inspected[]>(result.stdout, 'containers').map(({ Id, Name, Config, State }) => {
    const last = State.Health?.Log?.at(-1);
    const nanoseconds = Config.Healthcheck?.Interval ?? 0;
    return {
      id: Id,
      name: Name.replace(/^\//, ''),
      status: State.Status,
      ...(State.Health === undefined || State.Health.Status === 'none'
        ? {}
        : {
            check: {
              status: State.Health.Status,
              intervalMs: nanoseconds === 0 ? INTERVAL_MS : nanoseconds / 1e6,
              ...(last === undefined ? {} : { lastAt: last.Start }),
              lastPassed: last?.ExitCode === 0,
            },
          }),
    };
  });
}
