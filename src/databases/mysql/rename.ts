import { setTimeout as delay } from 'node:timers/promises';
import { withSession, type Access } from './client.ts';
import type { Move } from './moves.ts';
import { lockName, qualified } from './names.ts';
import { dropTriggers } from './programs.ts';

/**
 * Moves tables in one statement: all of them or none. Triggers keep a table in its database, so they are removed (and were
 * noted before by whoever calls this). One session locks the tables for all others, so that no write gets past the
 * triggers, and lets go when the other session, which renames, is next in the queue. `locked` is called once nobody can be
 * in the way any more, before the first change.
 */
export async function renameTogether(
  access: Access,
  restore: string,
  { moves, patience, locked }: { moves: readonly Move[]; patience: number; locked: () => Promise<void> },
): Promise<void> {
  if (moves.length === 0) return;
  const sources = [...new Set(moves.map(({ from }) => from))];
  const drops: string[] = [];
  for (const source of sources) drops.push(...(await dropTriggers(access, source)));
  const locks = moves.map(({ table, from }) => `${qualified(from, table)} WRITE`);
  const renames = moves.map(({ table, from, to }) => `${qualified(from, table)} TO ${qualified(to, table)}`);
  const doing = 'putting the tables in their places';
  await withSession(access, { lock: lockName(restore, 'swap'), doing }, async (holder) => {
    await holder.ask(`SET SESSION lock_wait_timeout = ${patience};\n${lockTables(access, locks.join(', '))}`);
    await locked();
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

/**
 * A MySQL server that enforces consistency of GTIDs locks tables with and without transactions together for nobody whose
 * statements are replicated. A lock is none of those; what follows is.
 */
const lockTables = ({ server }: Access, list: string): string =>
  server.kind === 'mysql'
    ? `SET SESSION sql_log_bin = 0;\nLOCK TABLES ${list};\nSET SESSION sql_log_bin = 1;`
    : `LOCK TABLES ${list};`;

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
