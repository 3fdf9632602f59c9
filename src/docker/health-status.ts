/** What `container inspect` says of a health check. */
export interface InspectedHealth {
  Status: string;
  FailingStreak?: number;
  Log?: { Start: string; ExitCode: number }[] | null;
}

// The engine's own default, where the interval is given as 0 or not at all.
const INTERVAL_MS = 30_000;

/** Milliseconds between two checks. */
export function intervalOf(check: { Interval?: number } | undefined): number {
  const nanoseconds = check?.Interval ?? 0;
  return nanoseconds === 0 ? INTERVAL_MS : nanoseconds / 1e6;
}

/**
 * The engine calls a container unhealthy from its pause to its next check, which may be hours away. That is no news of
 * how it is: no check failed.
 */
export function isUncheckedSincePause({ Status, FailingStreak, Log }: InspectedHealth): boolean {
  return Status === 'unhealthy' && FailingStreak === 0 && Log?.at(-1)?.ExitCode === 0;
}
