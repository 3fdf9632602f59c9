import { randomBytes } from 'node:crypto';
import { RewindError } from '../errors.ts';

/** A new id, `20261123-051530-3fa9` (UTC): ids sort by time, and a unique prefix names a point. */
export function newPointId(now: Date = new Date()): string {
  const [date = '', time = ''] = now.toISOString().replace(/[-:]/g, '').slice(0, 15).split('T');
  return `${date}-${time}-${randomBytes(2).toString('hex')}`;
}

/** Finds the one point that `text` (an id, a unique prefix or `latest`) names. Throws NO_SUCH_POINT (exit 10). */
export function findPoint(ids: readonly string[], text: string): string {
  const sorted = [...ids].sort();
  const newest = sorted.at(-1);
  if (newest === undefined) {
    throw new RewindError('NO_SUCH_POINT', 'there is no restore point yet', {
      exit: 'notFound',
      hint: 'docker rewind backup takes one',
    });
  }
  if (text === 'latest') return newest;
  const matches = text === '' ? [] : sorted.filter((id) => id.startsWith(text));
  if (matches.length === 1 && matches[0] !== undefined) return matches[0];
  const hint = `The newest is ${newest}; docker rewind list shows all`;
  if (matches.length > 1) {
    throw new RewindError('AMBIGUOUS_POINT', `"${text}" fits ${matches.length} restore points`, {
      exit: 'notFound',
      details: matches,
      hint,
    });
  }
  throw new RewindError('NO_SUCH_POINT', `there is no restore point "${text}"`, { exit: 'notFound', hint });
}
