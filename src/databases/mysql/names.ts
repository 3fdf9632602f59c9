import { createHash } from 'node:crypto';

const LONGEST = 64;
/** Of a directory's name: other characters than these take five bytes there. */
const LONGEST_ENCODED = 255;

/** Where a dump is loaded. */
export const loadingName = (database: string, restore: string): string =>
  withSuffix(database, `__restore_${restore}`);

/** Where the replaced database is kept. */
export const keptName = (database: string, restore: string): string =>
  withSuffix(database, `__before_${restore}`);

/** Whether a database is one that a restore made or keeps. */
export const isOfRestore = (database: string): boolean => /__(?:restore|before)_[0-9a-z]+$/.test(database);

/** The name of a lock in the server that one kind of our sessions holds, so that a later one finds it. */
export const lockName = (restore: string, kind: string): string => `docker-rewind ${restore} ${kind}`;

/** A name as an identifier. */
export const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

/** A table, view or routine of a database. */
export const qualified = (database: string, name: string): string => `${quoted(database)}.${quoted(name)}`;

/** A string that means the same in every sql_mode. */
export const text = (value: string): string =>
  value === '' ? "''" : `CONVERT(0x${Buffer.from(value).toString('hex')} USING utf8mb4)`;

function withSuffix(name: string, suffix: string): string {
  const whole = `${name}${suffix}`;
  if ([...whole].length <= LONGEST && encodedLength(whole) <= LONGEST_ENCODED) return whole;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  let start = '';
  for (const character of name) {
    const longer = `${start}${character}`;
    if ([...longer].length + 9 + suffix.length > LONGEST) break;
    if (encodedLength(longer) + 9 + suffix.length > LONGEST_ENCODED) break;
    start = longer;
  }
  return `${start}_${hash}${suffix}`;
}

const encodedLength = (name: string): number =>
  [...name].reduce((sum, character) => sum + (/[A-Za-z0-9_]/.test(character) ? 1 : 5), 0);
