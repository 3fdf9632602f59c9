import { rows, withClient, type Access } from './client.ts';
import { lockedByOthers } from './in-the-way.ts';

/** No byte for so long: then it is asked whether a lock is waited for. */
const STALLED_MS = 30_000;

/** Ends the work when it stands still because of a lock that somebody holds on a table of these databases, and says so. */
export async function whileWatched<T>(
  access: Access,
  databases: readonly string[],
  work: (access: Access, alive: () => void) => Promise<T>,
): Promise<T> {
  const stalled = new AbortController();
  const { context } = access;
  let last = Date.now();
  let asking: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    const [waiting] = await rows(
      access,
      `SELECT INFO FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting for table%lock%'
AND HOST = 'localhost' AND TIME >= 20 AND ID <> CONNECTION_ID() AND (INFO LIKE '%SQL_NO_CACHE%' OR INFO LIKE 'show %') LIMIT 1;`,
      'asking what the dump waits for',
    );
    if (waiting === undefined) return;
    const error = await lockedByOthers(
      access,
      databases,
      `the dump waited too long for a table that somebody has locked: ${(waiting[0] ?? '').slice(0, 200)}`,
    );
    stalled.abort(error);
  };
  const timer = setInterval(() => {
    if (Date.now() - last < STALLED_MS || asking !== undefined) return;
    asking = look()
      .catch(() => {})
      .finally(() => (asking = undefined));
  }, 2000);
  const signal = AbortSignal.any([context.signal, stalled.signal]);
  try {
    return await withClient({ ...access, context: { ...context, signal } }, (own) =>
      work(own, () => (last = Date.now())),
    );
  } finally {
    clearInterval(timer);
    await asking;
  }
}
