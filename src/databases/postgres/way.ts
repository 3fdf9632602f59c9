import { execScriptArgv } from '../../docker/exec.ts';
import type { RunResult } from '../../docker/runner.ts';
import { Conversation, ConversationEnded } from '../conversation.ts';
import { accessArgs, type Access } from './psql.ts';
import { END_OF_ANSWER, SQLS } from './scripts.ts';

/**
 * A way into a server's container that stays open and takes one SQL text after the other: every `docker exec` takes as long
 * as counting a million rows.
 */
export class Way {
  readonly #conversation: Conversation;

  constructor(access: Access) {
    const argv = execScriptArgv(access.server.container, SQLS, accessArgs(access, ''), { stdin: true });
    // It outlives the step that opens it: what interrupts that is none of the next one's business.
    const { signal } = new AbortController();
    this.#conversation = new Conversation({ ...access.context, signal }, argv);
  }

  get isOpen(): boolean {
    return this.#conversation.isOpen;
  }

  /** Runs SQL and says how psql ended, like a `docker exec` of its own. */
  async run(database: string, text: string, patience: number): Promise<RunResult> {
    const head = `sql ${Buffer.byteLength(text)} ${patience} ${database}`;
    try {
      const lines = await this.#conversation.ask(`${head}\n${text}`, END_OF_ANSWER);
      const at = lines.findLastIndex((line) => /^rewind-exit \d+$/.test(line));
      const whole = (part: string[]): string => part.map((line) => `${line}\n`).join('');
      return {
        exitCode: at < 0 ? CUT_OFF : Number(lines[at]?.slice('rewind-exit '.length)),
        stdout: whole(lines.slice(0, Math.max(at, 0))),
        stderr: whole(lines.slice(at + 1).filter((line) => line !== '')),
      };
    } catch (error) {
      if (!(error instanceof ConversationEnded)) throw error;
      return { ...error.result, exitCode: error.result.exitCode || CUT_OFF };
    }
  }

  async checkpoint(): Promise<void> {
    await this.#conversation.ask('checkpoint\n', END_OF_ANSWER).catch(() => {});
  }

  /** Waits for what goes on meanwhile. */
  async close(): Promise<void> {
    await this.#conversation.end().catch(() => {});
  }
}

/** What `isCutOff` takes for a `docker exec` that ended without a word. */
const CUT_OFF = 128;

/** The ways that a load opened, for the swap and the end of the same restore. */
const ways = new Map<string, Way>();
const keyOf = ({ server, session }: Access): string => `${server.container} ${session}`;

/** Opens the way of a restore, so that it is there when it is needed. One that is open already is taken. */
export function openWay(access: Access): Way {
  const open = ways.get(keyOf(access));
  if (open?.isOpen === true) return open;
  const way = new Way(access);
  ways.set(keyOf(access), way);
  return way;
}

/** Works on the way of a restore, which stays open. */
export async function onWay<T>(access: Access, work: (access: Access) => Promise<T>): Promise<T> {
  return work({ ...access, way: openWay(access) });
}

/** Has the server bring its files up to date meanwhile. Where we may not ask for that, nothing happens. */
export async function checkpoint(access: Access): Promise<void> {
  await openWay(access).checkpoint();
}

/** Closes the way of a restore. */
export async function closeWay(access: Access): Promise<void> {
  const way = ways.get(keyOf(access));
  ways.delete(keyOf(access));
  await way?.close();
}
