import { PassThrough, type Readable } from 'node:stream';
import { RewindError } from '../../errors.ts';
import { execScriptArgv } from '../../docker/exec.ts';
import { linesOf } from '../../lines.ts';
import type { EngineContext } from '../engine.ts';
import type { Access } from './access.ts';
import { listOf, quote, type Reply } from './reply.ts';
import { CLIENT } from './scripts.ts';

interface Pending {
  lines: string[];
  mark: string;
  resolve: (lines: string[]) => void;
  reject: (error: Error) => void;
}

// A server that forks or swaps memory may be silent for a while; one that is silent for ever must not hold a backup.
const SILENCE_MS = 180_000;

/**
 * One connection to a server, made by the client in its container. Commands go over the client's standard input, so no
 * value is in an argument; when we die, the pipe closes and the client goes.
 */
export class Session {
  readonly #input = new PassThrough();
  readonly #ended: Promise<void>;
  #pending: Pending | undefined;
  #broken: RewindError | undefined;
  #count = 0;
  #complaint = '';

  constructor(access: Access, context: EngineContext) {
    this.#input.write(access.secretLine);
    const argv = execScriptArgv(access.container, CLIENT, access.arguments, {
      stdin: true,
      ...(access.user === undefined ? {} : { user: access.user }),
    });
    this.#ended = context.runner
      .stream(argv, {
        input: this.#input,
        signal: context.signal,
        output: (stdout) => this.#read(stdout),
        onLine: (line) => this.#complain(line),
      })
      .then(
        ({ result }) =>
          this.#break(
            result.exitCode === 91 ? noClient() : connectionLost(this.#complaint || result.stderr.trim()),
          ),
        (error: unknown) => this.#break(error as RewindError),
      );
  }

  /** The reply's lines as the client shows them. Throws SERVER_REFUSED for an error, CONNECTION_LOST for none. */
  async ask(...words: readonly string[]): Promise<string[]> {
    const lines = await this.#send(words);
    const error = /^\(error\) (.*)/.exec(lines[0] ?? '')?.[1];
    if (error !== undefined) throw refused(words[0] ?? '', error);
    return lines;
  }

  /** A reply that is a list. */
  async list(...words: readonly string[]): Promise<Reply[]> {
    return listOf(await this.ask(...words));
  }

  /** A section of INFO, by field. */
  async info(section: string): Promise<Map<string, string>> {
    const lines = await this.ask('INFO', section);
    return new Map(
      lines.flatMap((line) => {
        const [, name, value] = /^([A-Za-z0-9_]+):(.*?)\r?$/.exec(line) ?? [];
        return name === undefined || value === undefined ? [] : [[name, value] as const];
      }),
    );
  }

  /** A setting; undefined where this server has none of that name. */
  async setting(name: string): Promise<string | undefined> {
    const value = (await this.list('CONFIG', 'GET', name))[1];
    return typeof value === 'string' ? value : undefined;
  }

  async close(): Promise<void> {
    this.#input.end();
    await this.#ended;
  }

  #send(words: readonly string[]): Promise<string[]> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    const mark = `rewind-${++this.#count}`;
    const timer = setTimeout(() => {
      this.#break(connectionLost(`it did not answer for ${SILENCE_MS / 1000} seconds`));
      this.#input.end();
    }, SILENCE_MS);
    return new Promise<string[]>((resolve, reject) => {
      this.#pending = { lines: [], mark: `"${mark}"`, resolve, reject };
      this.#input.write(`${words.map(quote).join(' ')}\nECHO ${mark}\n`);
    }).finally(() => clearTimeout(timer));
  }

  async #read(stdout: Readable): Promise<void> {
    for await (const line of linesOf(stdout.setEncoding('utf8'))) this.#take(line);
  }

  /** A reply ends with the mark that was asked for after it, or, from a server that refuses to say it, with an error. */
  #take(line: string): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    const ends = line === pending.mark || (pending.lines.length > 0 && line.startsWith('(error) '));
    if (!ends) {
      pending.lines.push(line);
      return;
    }
    this.#pending = undefined;
    pending.resolve(pending.lines);
  }

  /** The client says on its standard error that the connection has gone, and goes on without. */
  #complain(line: string): void {
    if (line.trim() === '' || /^warning/i.test(line)) return;
    this.#complaint = line.trim();
    this.#break(connectionLost(this.#complaint));
    this.#input.end();
  }

  #break(error: RewindError): void {
    this.#broken ??= error;
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.reject(this.#broken);
  }
}

function connectionLost(why: string): RewindError {
  return new RewindError(
    'CONNECTION_LOST',
    `the connection to the server was lost${why === '' ? '' : `: ${why}`}`,
    {
      hint: 'docker compose ps and docker compose logs say what became of it',
    },
  );
}

function refused(command: string, error: string): RewindError {
  const denied = /^(NOPERM|NOAUTH|WRONGPASS)/.test(error);
  return new RewindError('SERVER_REFUSED', `the server refused ${command}: ${error}`, {
    hint: denied
      ? 'Its user needs INFO, CONFIG GET and CONFIG SET, SYNC, PSYNC, REPLCONF, REPLICAOF, CLIENT PAUSE, DBSIZE, MODULE LIST'
      : 'docker compose logs says more',
  });
}

function noClient(): RewindError {
  return new RewindError('NO_CLIENT', 'its container has neither redis-cli nor valkey-cli', {
    hint: 'Its image must have the client of its server',
  });
}
