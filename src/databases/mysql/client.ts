import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { execScriptArgv } from '../../docker/exec.ts';
import type { Argv } from '../../docker/runner.ts';
import { RewindError } from '../../errors.ts';
import type { EngineContext, Server } from '../engine.ts';
import { failure } from './failure.ts';
import { text } from './names.ts';
import { SQL } from './scripts.ts';

/** To whom our sessions belong, and how long a server that starts or recovers is waited for, in seconds. */
export interface Access {
  server: Server;
  context: EngineContext;
  patience: number;
  /**
   * The lock in the server that statements of this work hold. When its client is killed the server may still be at them;
   * whoever comes next finds it by that and ends it (`endSessions`).
   */
  lock?: string;
}

/** Whatever server and users are set to: our sessions wait as they say, and find what they mean. */
export const SETTINGS = `SET SESSION sql_mode = '', lock_wait_timeout = 30, innodb_lock_wait_timeout = 30, wait_timeout = 28800, autocommit = 1;
`;

/** Runs one of the scripts. As root of the container: the files of secrets and the socket's own trust are for that one. */
export function scriptArgv(
  { server, patience }: Access,
  script: string,
  args: readonly string[],
  stdin: boolean,
): Argv {
  return execScriptArgv(server.container, script, [String(patience), ...args], { stdin, user: '0' });
}

/** Runs SQL and returns its rows. Throws for the first error, with what was being done. */
export async function rows(access: Access, sql: string, doing: string): Promise<string[][]> {
  const { server, context, lock } = access;
  if (sql === '') return [];
  const held = lock === undefined ? '' : `DO GET_LOCK(${text(lock)}, 30);\n`;
  const result = await context.runner.run(scriptArgv(access, SQL, [], true), {
    input: `${SETTINGS}${held}${sql}\n`,
    signal: context.signal,
  });
  if (result.exitCode !== 0) throw failure(server, result, doing);
  return result.stdout.split('\n').slice(0, -1).map(fields);
}

/** A line of the client in batch mode. */
export function fields(line: string): string[] {
  return line
    .split('\t')
    .map((field) => field.replace(/\\(.)/g, (_, character: string) => ESCAPES[character] ?? character));
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', '0': '\0' };

/** A session that stays open, with the locks that it takes. */
export interface Session {
  /** Rows of one or several statements. Throws for the first error, which ends the session. */
  ask(sql: string): Promise<string[][]>;
}

/**
 * Holds a session while `work` runs. It holds the lock of that name in the server as well, so that a later session of ours
 * can find it and end what it has left running.
 */
export async function withSession<T>(
  access: Access,
  { lock, doing }: { lock: string; doing: string },
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { server, context } = access;
  const input = new PassThrough();
  let outcome: { value: T } | { error: unknown } | undefined;
  const { result } = await context.runner.stream(scriptArgv(access, SQL, [], true), {
    input,
    signal: context.signal,
    output: async (stdout) => {
      const lines = createInterface({ input: stdout, crlfDelay: Infinity })[Symbol.asyncIterator]();
      let asked = 0;
      const ask: Session['ask'] = async (sql) => {
        const end = `rewind-end-of-answer-${(asked += 1)}`;
        input.write(`${sql}\nSELECT '${end}';\n`);
        const answer: string[][] = [];
        for (;;) {
          const line = await lines.next();
          if (line.done === true) throw new SessionEnded();
          if (line.value === end) return answer;
          answer.push(fields(line.value));
        }
      };
      try {
        await ask(SETTINGS);
        const [got] = await ask(`SELECT GET_LOCK(${text(lock)}, 30);`);
        if (got?.[0] !== '1')
          throw new RewindError(
            'DATABASE_FAILED',
            `${server.service}: another session of this restore is still at work`,
          );
        outcome = { value: await work({ ask }) };
      } catch (error) {
        outcome = { error };
      }
      input.end();
      for (let rest = await lines.next(); rest.done !== true; rest = await lines.next()) continue;
    },
  });
  if (outcome !== undefined && 'value' in outcome) return outcome.value;
  const error = outcome?.error;
  if (error !== undefined && !(error instanceof SessionEnded)) throw error;
  throw failure(server, result, doing);
}

/** The answers stopped: the client has ended, and says on its standard error why. */
class SessionEnded extends Error {}

/** Ends the sessions that hold these locks, and waits until they have gone. */
export async function endSessions(access: Access, locks: readonly string[]): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const found = await rows(
      access,
      locks.map((lock) => `SELECT COALESCE(IS_USED_LOCK(${text(lock)}), 0);`).join('\n'),
      'looking for sessions of ours',
    );
    const ids = found.map(([id]) => Number(id)).filter((id) => id > 0);
    if (ids.length === 0) return;
    if (tries > 100) {
      throw new RewindError(
        'DATABASE_FAILED',
        `${access.server.service}: the session ${ids.join(', ')} of an earlier run does not end`,
        { hint: `KILL ${ids[0]} in the server, then docker rewind recover` },
      );
    }
    for (const id of ids) {
      // It may have gone between the question and this, which is an error then.
      await access.context.runner.run(scriptArgv(access, SQL, [], true), {
        input: `KILL CONNECTION ${id};\n`,
        signal: access.context.signal,
      });
    }
  }
}
