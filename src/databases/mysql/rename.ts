import { setTimeout as delay } from 'node:timers/promises';
import { RewindError } from '../../errors.ts';
import { rows, withSession, type Access } from './client.ts';
import type { Move } from './moves.ts';
import { lockName, qualified } from './names.ts';
import { dropTriggers } from './programs.ts';

/**
 * Moves tables in one statement: all of them or none. Triggers keep a table in its database, so they are removed (and were
 * noted before by whoever calls this). One session locks the tables for all others, so that no write gets past the
 * triggers, and lets go when the other session, which renames, is next in the queue. `insist`: who is in the way is ended.
 */
export async function renameTogether(
  access: Access,
  restore: string,
  { moves, patience, insist }: { moves: readonly Move[]; patience: number; insist: boolean },
): Promise<void> {
  if (moves.length === 0) return;
  for (let tries = 0; ; tries += 1) {
    try {
      await renameOnce(access, restore, moves, patience);
      return;
    } catch (error) {
      const locked = error instanceof RewindError && /1205|Lock wait timeout/i.test(error.message);
      if (!locked || access.context.signal.aborted) throw error;
      if (!insist || tries === 5) throw await lockedTables(access, moves);
      await endOthers(access, moves);
    }
  }
}

async function renameOnce(
  access: Access,
  restore: string,
  moves: readonly Move[],
  patience: number,
): Promise<void> {
  const sources = [...new Set(moves.map(({ from }) => from))];
  const drops: string[] = [];
  for (const source of sources) drops.push(...(await dropTriggers(access, source)));
  const locks = moves.map(({ table, from }) => `${qualified(from, table)} WRITE`);
  const renames = moves.map(({ table, from, to }) => `${qualified(from, table)} TO ${qualified(to, table)}`);
  const doing = 'putting the tables in their places';
  await withSession(access, { lock: lockName(restore, 'swap'), doing }, async (holder) => {
    await holder.ask(`SET SESSION lock_wait_timeout = ${patience};\nLOCK TABLES ${locks.join(', ')};`);
    if (drops.length > 0) await holder.ask(drops.join('\n'));
    const ready = Promise.withResolvers<string>();
    const renaming = withSession(access, { lock: lockName(restore, 'rename'), doing }, async (session) => {
      // The holder lets go within moments; this is for a transaction that gets in between.
      await session.ask(`SET SESSION lock_wait_timeout = ${patience};`);
      const [id] = await session.ask('SELECT CONNECTION_ID();');
      ready.resolve(id?.[0] ?? '0');
      await session.ask(`RENAME TABLE ${renames.join(', ')};`);
    });
    renaming.catch((error: unknown) => ready.reject(error as Error));
    const id = await ready.promise;
    await untilQueued(holder, id);
    await holder.ask('UNLOCK TABLES;');
    await renaming;
  });
}

/** Waits until the renaming session stands in the queue for the tables; it cannot be done before we let go. */
async function untilQueued(holder: { ask: (sql: string) => Promise<string[][]> }, id: string): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const [found] = await holder.ask(
      `SELECT COALESCE(STATE, '') FROM information_schema.PROCESSLIST WHERE ID = ${id};`,
    );
    if (found === undefined || /Waiting for/i.test(found[0] ?? '')) return;
    await delay(20);
  }
}

/** Ends sessions that have a transaction, or work in one of the databases, other than ours. */
async function endOthers(access: Access, moves: readonly Move[]): Promise<void> {
  for (const id of await inTheWay(access, moves)) {
    await rows(access, `KILL CONNECTION ${id.id};`, 'ending a session that is in the way').catch(() => {});
    access.context.onLine(`${access.server.service}: ended a session of ${id.user}, which held a table`);
  }
}

async function inTheWay(
  access: Access,
  moves: readonly Move[],
): Promise<{ id: string; user: string; what: string }[]> {
  const databases = new Set(moves.flatMap(({ from, to }) => [from, to]));
  const found = await rows(
    access,
    `SELECT p.ID, CONCAT(p.USER, '@', p.HOST), COALESCE(p.DB, ''), COALESCE(p.INFO, ''), p.TIME, p.COMMAND,
EXISTS (SELECT 1 FROM information_schema.INNODB_TRX t WHERE t.trx_mysql_thread_id = p.ID)
FROM information_schema.PROCESSLIST p
WHERE p.ID <> CONNECTION_ID() AND p.USER NOT IN ('system user', 'event_scheduler') AND p.COMMAND NOT IN ('Daemon', 'Binlog Dump');`,
    'looking for sessions that are in the way',
  );
  return found
    .filter(
      ([, , database = '', , , , inTransaction]) =>
        inTransaction === '1' || databases.has(database) || database === '',
    )
    .map(([id = '', user = '', , info = '', seconds = '', command = '']) => ({
      id,
      user,
      what: `session ${id} of ${user}, ${command} for ${seconds}s${info === '' ? '' : `: ${info.slice(0, 100)}`}`,
    }));
}

async function lockedTables(access: Access, moves: readonly Move[]): Promise<RewindError> {
  const sessions = await inTheWay(access, moves).catch(() => []);
  return new RewindError(
    'LOCKED_TABLE',
    `${access.server.service}: a session holds tables that are to be replaced, and did not let go of them in time`,
    {
      details: sessions.map(({ what }) => what).slice(0, 10),
      hint: 'End the session (KILL in the server, or docker compose restart of the service that it belongs to) and restore again',
    },
  );
}
