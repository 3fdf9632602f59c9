import { jsonAnswer } from '../../docker/answer.ts';
import { execScriptArgv } from '../../docker/exec.ts';
import { inParallel } from '../../restore-points/volume/parallel.ts';
import { Conversation, ConversationEnded } from '../conversation.ts';
import type { EngineContext, Server } from '../engine.ts';
import { failure } from './failure.ts';
import { ON_DISK } from './load-settings.ts';
import { END_OF_ANSWER as END, SESSION, SQL } from './scripts.ts';
import type { Way } from './way.ts';

/** To whom our sessions belong, and how long a server that starts or recovers is waited for, in seconds. */
export interface Access {
  server: Server;
  context: EngineContext;
  session: string;
  patience?: number;
  /** A way into the container that is open already, for SQL. */
  way?: Way;
}

/** What CONNECT takes first; `database` '' for one to work from. */
export const accessArgs = (access: Access, database: string): string[] => [
  access.session,
  database,
  String(patienceOf(access)),
];

const patienceOf = ({ patience }: Access): number => patience ?? 10;

/**
 * Whatever roles and databases are set to: these sessions find what PostgreSQL itself defines, wait as they say, and what they
 * committed outlives a crash.
 */
export const SETTINGS = `set search_path to '';
set client_encoding to 'UTF8';
set standard_conforming_strings to on;
set client_min_messages to warning;
set default_transaction_read_only to off;
set row_security to off;
set statement_timeout to 0;
set lock_timeout to 0;
set idle_in_transaction_session_timeout to 0;
${ON_DISK}
select current_setting('server_version_num')::int >= 170000 as limits_transactions \\gset
\\if :limits_transactions
set transaction_timeout to 0;
\\endif
`;

/** Runs SQL and returns what it prints. Throws for the first error, with what was being done. */
export async function sql(access: Access, database: string, text: string, doing: string): Promise<string> {
  const { server, context, way } = access;
  const input = `${SETTINGS}${text}\n`;
  const argv = execScriptArgv(server.container, SQL, accessArgs(access, database), { stdin: true });
  const result =
    way === undefined
      ? await context.runner.run(argv, { input, signal: context.signal })
      : await way.run(database, input, patienceOf(access));
  if (result.exitCode !== 0) throw failure(server, result, doing);
  return result.stdout;
}

/** Like `sql`, for a statement that prints one JSON document. */
export async function json<T>(access: Access, database: string, text: string, doing: string): Promise<T> {
  return jsonAnswer<T>(await sql(access, database, text, doing), doing);
}

/** Several things at the same time; the first failure ends the others. */
export async function together(
  access: Access,
  works: readonly ((access: Access) => Promise<void>)[],
): Promise<void> {
  const { context } = access;
  await inParallel(works, works.length, context.signal, (work, signal) =>
    work({ ...access, context: { ...context, signal } }),
  );
}

/** One session in a database that stays open, for a snapshot. */
export interface Session {
  /** The lines that a statement prints; undefined where it failed. */
  ask(statement: string): Promise<string[] | undefined>;
}

/** Holds a session while `work` runs. */
export async function withSession<T>(
  access: Access,
  database: string,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { server, context } = access;
  const argv = execScriptArgv(server.container, SESSION, accessArgs(access, database), { stdin: true });
  const conversation = new Conversation(context, argv);
  const ask: Session['ask'] = async (statement) => {
    const text = `${statement}\n\\if :ERROR\n\\echo failed\n\\endif\n\\echo ${END}\n`;
    const answer = await conversation.ask(text, END);
    return answer.at(-1) === 'failed' ? undefined : answer;
  };
  try {
    await ask(SETTINGS);
    return await work({ ask });
  } catch (error) {
    if (!(error instanceof ConversationEnded)) throw error;
    throw failure(server, error.result, `the session in ${server.service}/${database}`);
  } finally {
    await conversation.end();
  }
}
