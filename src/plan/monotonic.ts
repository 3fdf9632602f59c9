/**
 * Milliseconds of a clock that nobody can set: the same for all processes of the host until it restarts. Time limits
 * and durations are measured with it; a clock that jumps must neither end a wait nor make it endless.
 */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
