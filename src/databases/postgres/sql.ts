/** A name as SQL. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A text as SQL, with standard_conforming_strings as our sessions have it. */
export const literal = (text: string): string =>
  text.includes('\\')
    ? `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
    : `'${text.replaceAll("'", "''")}'`;

/** A database as a connection string: as it is, a name with `=` would be one itself. */
export const connectionString = (database: string): string =>
  `dbname='${database.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** PostgreSQL's limit for names, in bytes. */
const MOST_BYTES = 63;

/**
 * `NAME__restore_1a2b3c`, cut to what PostgreSQL allows; then a part of the name's checksum keeps two long names apart.
 */
export function withSuffix(name: string, suffix: string, checksum: (text: string) => string): string {
  const whole = name + suffix;
  if (Buffer.byteLength(whole) <= MOST_BYTES) return whole;
  const end = `_${checksum(name).slice(0, 8)}${suffix}`;
  const room = MOST_BYTES - Buffer.byteLength(end);
  let kept = '';
  for (const character of name) {
    if (Buffer.byteLength(kept + character) > room) break;
    kept += character;
  }
  return kept + end;
}
