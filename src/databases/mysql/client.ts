import { execScriptArgv } from '../../docker/exec.ts';
import type { Argv } from '../../docker/runner.ts';
import { RewindError } from '../../errors.ts';
import { Conversation, ConversationEnded } from '../conversation.ts';
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
  /** The client that is asked; without it each question has one of its own. */
  client?: Client;
}

/** Whatever server and users are set to: our sessions wait as they say, and find what they mean. */
export const SETTINGS = `SET SESSION sql_mode = '', lock_wait_timeout = 30, innodb_lock_wait_timeout = 30, wait_timeout = 28800, autocommit = 1, foreign_key_checks = 1;
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
  const { server, context, lock, client } = access;
  if (sql === '') return [];
  const held = lock === undefined ? '' : `DO GET_LOCK(${text(lock)}, 30);\n`;
  const input = `${SETTINGS}${held}${sql}\n`;
  if (client !== undefined) return client.rows(access, input, doing);
  const result = await context.runner.run(scriptArgv(access, SQL, [], true), {
    input,
    signal: context.signal,
  });
  if (result.exitCode !== 0) throw failure(server, result, doing);
  return result.stdout.split('\n').slice(0, -1).map(fields);
}

/**
 * One client for everything that `work` asks, since the way into the container takes longer than most answers. It ends at an
 * error; the next question starts another one.
 */
export async function withClient<T>(access: Access, work: (access: Access) => Promise<T>): Promise<T> {
  const client = new Client();
  try {
    return await work({ ...access, client });
  } finally {
    await client.end();
  }
}

class Client {
  #conversation: Conversation | undefined;

  async rows(access: Access, sql: string, doing: string): Promise<string[][]> {
    this.#conversation ??= new Conversation(access.context, scriptArgv(access, SQL, [], true));
    try {
      return await answer(this.#conversation, sql);
    } catch (error) {
      this.#conversation = undefined;
      throw endedIn(access, error, doing);
    }
  }

  async end(): Promise<void> {
    // What a client has to say that nobody asks any more is of no interest.
    await this.#conversation?.end().catch(() => {});
  }
}

let asked = 0;

async function answer(conversation: Conversation, sql: string): Promise<string[][]> {
  const end = `rewind-end-of-answer-${(asked += 1)}`;
  return (await conversation.ask(`${sql}\nSELECT '${end}';\n`, end)).map(fields);
}

const endedIn = ({ server }: Access, error: unknown, doing: string): unknown =>
  error instanceof ConversationEnded ? failure(server, error.result, doing) : error;

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
  const conversation = new Conversation(access.context, scriptArgv(access, SQL, [], true));
  const ask: Session['ask'] = (sql) => answer(conversation, sql);
  try {
    const [got] = await ask(`${SETTINGS}SELECT GET_LOCK(${text(lock)}, 30);`);
    if (got?.[0] !== '1')
      throw new RewindError(
        'DATABASE_FAILED',
        `${access.server.service}: another session of this restore is still at work`,
      );
    return await work({ ask });
  } catch (error) {
    throw endedIn(access, error, doing);
  } finally {
    await conversation.end();
  }
}

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
