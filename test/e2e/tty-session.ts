import { stripVTControlCharacters } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import pty, { type IPty } from '@lydell/node-pty';

/** What keys send. */
export const KEYS = {
  enter: '\r',
  up: '\u001B[A',
  down: '\u001B[B',
  escape: '\u001B',
  backspace: '\u007F',
  ctrlC: '\u0003',
  ctrlD: '\u0004',
} as const;

const open = new Set<TtySession>();
// A test that failed half-way leaves its program to us.
process.on('exit', () => open.forEach((session) => session.kill()));

const EXPECT_TIMEOUT_MS = 60_000;

/** One program on a pseudo-terminal, with somebody typing. */
export class TtySession {
  readonly #pty: IPty;
  readonly #exit: Promise<number>;
  #exitCode: number | undefined;
  #raw = '';
  #seen = 0;

  constructor(
    program: string,
    args: readonly string[],
    options: {
      cwd: string;
      env: Record<string, string>;
      columns: number;
      rows: number;
      uid?: number;
      gid?: number;
    },
  ) {
    const { cwd, env, columns: cols, rows, ...user } = options;
    this.#pty = pty.spawn(program, [...args], {
      cwd,
      env,
      cols,
      rows,
      name: env['TERM'] ?? 'xterm-256color',
      ...user,
    });
    this.#pty.onData((data) => (this.#raw += data));
    this.#exit = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode, signal }) => {
        this.#exitCode = signal ? 128 + signal : exitCode;
        open.delete(this);
        resolve(this.#exitCode);
      });
    });
    open.add(this);
  }

  /** Everything that was written so far, with its control sequences. */
  get raw(): string {
    return this.#raw;
  }

  /** Everything that was written so far, without control sequences: a line that was redrawn is there twice. */
  get text(): string {
    return stripVTControlCharacters(this.#raw).replaceAll('\r', '');
  }

  /** The process that the terminal started. */
  get pid(): number {
    return this.#pty.pid;
  }

  /** Waits until `what` has been written, after whatever the last `expect` found. Returns the text up to its end. */
  async expect(what: string | RegExp, timeoutMs = EXPECT_TIMEOUT_MS): Promise<string> {
    for (const deadline = Date.now() + timeoutMs; ; await sleep(20)) {
      const ended = this.#exitCode !== undefined;
      const fresh = this.text.slice(this.#seen);
      const end = typeof what === 'string' ? endOf(fresh, what) : endOfMatch(fresh, what);
      if (end >= 0) {
        this.#seen += end;
        return fresh.slice(0, end);
      }
      if (ended || Date.now() > deadline) {
        const why = ended ? `it ended with ${this.#exitCode}` : `waited ${timeoutMs} ms`;
        throw new Error(`${String(what)} was not shown (${why}). Shown since the last match:\n${fresh}`);
      }
    }
  }

  /** Types. */
  send(keys: string): void {
    this.#pty.write(keys);
  }

  resize(columns: number, rows: number): void {
    this.#pty.resize(columns, rows);
  }

  /** Waits for the end; the exit code, 128 + n where signal n ended it. */
  async exit(timeoutMs = 120_000): Promise<number> {
    const late = sleep(timeoutMs, 'late', { ref: false });
    const code = await Promise.race([this.#exit, late]);
    if (typeof code === 'number') return code;
    this.kill();
    throw new Error(`still running after ${timeoutMs} ms. Shown so far:\n${this.text}`);
  }

  /** Closes the terminal, as a lost connection does: its programs get SIGHUP and can write to it no more. */
  hangUp(): void {
    (this.#pty as IPty & { destroy(): void }).destroy();
  }

  kill(): void {
    if (this.#exitCode === undefined) this.#pty.kill('SIGKILL');
  }
}

function endOf(text: string, what: string): number {
  const start = text.indexOf(what);
  return start < 0 ? -1 : start + what.length;
}

function endOfMatch(text: string, what: RegExp): number {
  const match = what.exec(text);
  return match === null ? -1 : match.index + match[0].length;
}
