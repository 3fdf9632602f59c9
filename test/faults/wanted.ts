/** `npm run faults` enumerates everything (`all`); `npm test` takes a spread sample; a number says how many. */
export const WANTED = process.env['REWIND_FAULTS'];
export const FULL = WANTED === 'all';
/** A busy machine only makes it slow. */
export const TIMEOUT_MS = WANTED === undefined ? 900_000 : 7_200_000;

/** All of a list, or as many as are wanted, spread over it; `some` where nothing is said. */
export function spread<T>(all: readonly T[], some: number): T[] {
  if (FULL) return [...all];
  const count = Math.min(all.length, WANTED === undefined ? some : Number(WANTED));
  return Array.from(
    { length: count },
    (_, index) => all[Math.floor(((index + 0.5) * all.length) / count)] as T,
  );
}
