/** A table that goes from one database into another. */
export interface Move {
  table: string;
  from: string;
  to: string;
}

/** Where the tables of one database are in the course of a restore, whoever was killed in the middle of it. */
export interface Places {
  /** The live database, the one that the dump was loaded into, the one that keeps the live tables. */
  names: { live: string; loaded: string; kept: string };
  live: readonly string[];
  loaded: readonly string[];
  kept: readonly string[];
  /** Tables of the dump. */
  restored: ReadonlySet<string>;
  /** How many tables the live database had before the first was moved. */
  liveTables: number;
}

/** What is left to be moved so that the restored tables are in the place of the live ones, which are kept. */
export function movesForward(places: Places): Move[] {
  const { names, live, loaded, kept, restored, liveTables } = places;
  // Done before; what has been made in the live database since then stays there.
  if (loaded.length === 0 && (restored.size > 0 || kept.length >= liveTables)) return [];
  return [
    ...live
      .filter((table) => !isRestored(table, places))
      .map((table) => ({ table, from: names.live, to: names.kept })),
    ...loaded.map((table) => ({ table, from: names.loaded, to: names.live })),
  ];
}

/** What is left to be moved so that the live tables are where they were. */
export function movesBack(places: Places): Move[] {
  const { names, live, kept, liveTables } = places;
  // Nothing was moved yet, or everything is back: what is in the live database is live.
  if (kept.length === 0 && liveTables > 0) return [];
  return [
    ...live
      .filter((table) => isRestored(table, places))
      .map((table) => ({ table, from: names.live, to: names.loaded })),
    ...kept.map((table) => ({ table, from: names.kept, to: names.live })),
  ];
}

/**
 * Whether a table in the live database is in the place of one that is kept, or came from the dump: that is so when it is
 * not where it was loaded any more.
 */
function isRestored(table: string, { loaded, kept, restored }: Places): boolean {
  return (restored.has(table) && !loaded.includes(table)) || kept.includes(table);
}
