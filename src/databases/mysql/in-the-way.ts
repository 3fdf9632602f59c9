import { RewindError } from '../../errors.ts';
import { rows, type Access } from './client.ts';

/** Does something that waits for locks; where it waits in vain, throws LOCKED_TABLE, which says who may hold them. */
export async function namingOthers<T>(
  access: Access,
  databases: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isLocked(error) ? await lockedTables(access, databases) : error;
  }
}

/** The same for the way back, which has to succeed: who is in the way is ended. */
export async function endingOthers<T>(
  access: Access,
  databases: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isLocked(error) || access.context.signal.aborted) throw error;
      if (tries === 5) throw await lockedTables(access, databases);
      await endOthers(access, databases);
    }
  }
}

const isLocked = (error: unknown): boolean =>
  error instanceof RewindError && /ERROR 1205|Lock wait timeout/i.test(error.message);

/** Ends sessions that have a transaction, or work in one of the databases, other than ours. */
async function endOthers(access: Access, databases: readonly string[]): Promise<void> {
  for (const id of await inTheWay(access, databases)) {
    await rows(access, `KILL CONNECTION ${id.id};`, 'ending a session that is in the way').catch(() => {});
    access.context.onLine(`${access.server.service}: ended a session of ${id.user}, which held a table`);
  }
}

/** Sessions that may hold a table. What they run is theirs: it may hold secrets. */
async function inTheWay(
  access: Access,
  databases: readonly string[],
): Promise<{ id: string; user: string; waits: boolean; what: string }[]> {
  const found = await rows(
    access,
    `SELECT p.ID, CONCAT(p.USER, '@', p.HOST), COALESCE(p.DB, ''), p.TIME, p.COMMAND, COALESCE(p.STATE, '') LIKE 'Waiting for table%',
EXISTS (SELECT 1 FROM information_schema.INNODB_TRX t WHERE t.trx_mysql_thread_id = p.ID)
FROM information_schema.PROCESSLIST p
WHERE p.ID <> CONNECTION_ID() AND p.USER NOT IN ('system user', 'event_scheduler') AND p.COMMAND NOT IN ('Daemon', 'Binlog Dump');`,
    'looking for sessions that are in the way',
  );
  return found
    .filter(
      ([, , database = '', , , , inTransaction]) =>
        inTransaction === '1' || databases.includes(database) || database === '',
    )
    .map(([id = '', user = '', , seconds = '', command = '', waits]) => ({
      id,
      user,
      waits: waits === '1',
      what: `session ${id} of ${user}, ${command} for ${seconds}s`,
    }));
}

function lockedTables(access: Access, databases: readonly string[]): Promise<RewindError> {
  const what = 'a session holds tables that are to be replaced, and did not let go of them in time';
  return lockedByOthers(access, databases, what);
}

/** LOCKED_TABLE, with those that may hold a table of these databases. */
export async function lockedByOthers(
  access: Access,
  databases: readonly string[],
  what: string,
): Promise<RewindError> {
  const { service } = access.server;
  const sessions = (await inTheWay(access, databases).catch(() => [])).filter(({ waits }) => !waits);
  const [first] = sessions;
  return new RewindError('LOCKED_TABLE', `${service}: ${what}`, {
    details: sessions.map((session) => session.what).slice(0, 10),
    hint: `Wait for its end, or end it (KILL ${first?.id ?? 'ID'} in the server, or docker compose restart of the service that it belongs to), and try again`,
  });
}
