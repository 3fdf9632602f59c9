import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { Options } from 'execa';
import { RewindError } from '../errors.ts';
import { directCompose, type Invocation } from './compose-plugin.ts';
import { answerWithin, isComposeConfig, isShort, noAnswer } from './questions.ts';
import { SocketRunner } from './socket/socket-runner.ts';
import { streamThrough, type Program } from './stream-through.ts';

/** A program and its arguments. Builders return these and run nothing; no shell ever sees one. */
export type Argv = readonly ['docker' | 'git', ...string[]];

export interface RunResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/**
 * Whether `docker exec` ended without a word of what it ran: it was killed itself, what it ran was, or the engine went away.
 * How far that came, and whether it goes on, is not known then.
 */
export function isCutOff({ exitCode, stderr }: RunResult): boolean {
  // 126: so the engine calls what lost the connection to its client.
  return [126, 128, 137, 255].includes(exitCode) && stderr.trim() === '';
}

export interface RunOptions {
  /** Working directory; the process's own by default. */
  cwd?: string;
  /** Added to the process environment. */
  env?: Readonly<Record<string, string>>;
  /** Written to the standard input, which is empty otherwise. */
  input?: string;
  /** Called with every line that the program writes to either stream, as it comes. */
  onLine?: (line: string) => void;
  /** Called when the program was started, and before it has ended. */
  onStart?: () => void;
  /** Ends the program with SIGTERM. */
  signal?: AbortSignal;
  /** In a process group of its own, which the terminal's Ctrl-C does not reach: for short calls that must not be cut off. */
  shielded?: true;
  /** How many milliseconds longer than an answer it may take (NO_ANSWER), for what would take as long as it takes. */
  overtimeMs?: number;
}

export interface StreamOptions<T> {
  /** Written to the standard input, which is empty otherwise. */
  input?: Readable;
  /** Takes the standard output; what it returns is the result. */
  output: (stdout: Readable) => Promise<T>;
  /** Called with every line of the standard error, as it comes. */
  onLine?: (line: string) => void;
  /** Ends the program with SIGTERM. */
  signal: AbortSignal;
}

/**
 * The one way to run docker and git. A non-zero exit is a result, not an error: only the caller knows its meaning.
 * A question that is not answered in time throws NO_ANSWER; what may change something is waited for, unless that is short.
 */
export interface Runner {
  run(argv: Argv, options?: RunOptions): Promise<RunResult>;
  /**
   * Runs a program between two streams, which never are in memory as a whole. `stdout` of the result is empty. Where the
   * program fails its exit code says so; where taking its output or feeding it failed for another reason, that is thrown.
   */
  stream?<T>(argv: Argv, options: StreamOptions<T>): Promise<{ result: RunResult; value: T | undefined }>;
  /**
   * Starts a program that lives until its standard input, which is a pipe from this process, closes: so it goes when we
   * go, even by SIGKILL. The first line that it prints has to come in the time of an answer (NO_ANSWER). Returns its whole
   * result where it ends without one. Runners that only wrap another one for a look at the project do without.
   */
  hold?(argv: Argv): Promise<Held | RunResult>;
  /** Has a file of this host copied into a named pipe that somebody has open for reading: none of it goes through us. */
  pour?(file: string, pipe: string): Pouring;
  /**
   * Starts a constant shell script in a session of its own: a Ctrl-C or a SIGKILL for us does not reach it. Its standard
   * input is a pipe that closes when we go; its parameters are `args` and then docker's global flags; what it says is
   * appended to the file `log`.
   */
  outlive?(script: string, args: readonly string[], log: string): Promise<Outliving>;
}

/** A file on its way into a pipe. */
export interface Pouring {
  /** Bytes of the file that were read so far; 0 where the system does not say. */
  position(): number;
  stop(): void;
  /** Resolves when all of it is in the pipe, or nobody reads that any more. Rejects where nothing could be copied. */
  ended: Promise<void>;
}

/** A program that lives as long as we do. */
export interface Held {
  /** What it said first. */
  line: string;
  /** Writes to its standard input. Nothing is said where it has gone. */
  tell(text: string): void;
  /** Closes its standard input, which ends it. */
  release(): void;
  /** Resolves to its exit code when it has gone; 128: by a signal. */
  ended: Promise<number>;
}

/** A process that goes on when we are gone. */
export interface Outliving {
  pid: number;
  /** Resolves when the text is in the pipe. Nothing is said where the process has gone. */
  tell(text: string): Promise<void>;
  close(): void;
}

/** A runner that can move data, as all but those that only look at a project can. */
export type StreamingRunner = Runner & Required<Pick<Runner, 'stream'>>;

export function streaming(runner: Runner): StreamingRunner {
  if (runner.stream === undefined) throw new Error('this runner moves no data');
  return runner as StreamingRunner;
}

/** Docker's own global flags (`--context x`, `-H …`) as they were given, for every docker call. */
export type DockerGlobals = readonly string[];

/** Runs real processes. Without `onLine` the output is collected only. */
export class ProcessRunner implements Runner {
  readonly #globals: DockerGlobals;
  readonly #socket: SocketRunner;

  constructor(globals: DockerGlobals = []) {
    this.#globals = globals;
    this.#socket = new SocketRunner(globals);
  }

  async run(argv: Argv, options: RunOptions = {}): Promise<RunResult> {
    const told = await this.#socket.run(argv, options);
    if (told !== undefined) return told;
    const [program, ...args] = argv;
    const direct = directCompose(argv, this.#globals, { ...process.env, ...options.env });
    if (direct !== undefined) {
      const result = await this.#execute(argv, direct, options);
      // 126, 127: what stands there cannot be executed, which is docker's to say.
      if (!(result instanceof RewindError || [126, 127].includes(result.exitCode))) return result;
    }
    const globals = program === 'docker' ? this.#globals : [];
    const result = await this.#execute(argv, { program, args: [...globals, ...args], env: {} }, options);
    if (result instanceof RewindError) throw result;
    return result;
  }

  /** Runs a program that stands for `argv`. Returns the error of one that cannot be started. */
  async #execute(argv: Argv, invocation: Invocation, options: RunOptions): Promise<RunResult | RewindError> {
    const { execa } = await import('execa');
    const subprocess = execa(invocation.program, invocation.args, {
      reject: false,
      stripFinalNewline: false,
      ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
      ...(options.shielded === true ? { detached: true } : {}),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...options.env, ...invocation.env },
      ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
      ...(options.onLine === undefined
        ? {}
        : { stdout: lines(options.onLine), stderr: lines(options.onLine) }),
    } satisfies Options);
    // What comes after it are questions to the engine.
    if (isComposeConfig(argv)) void this.#socket.prepare();
    options.onStart?.();
    const overtime = options.overtimeMs ?? (isShort(argv) ? 0 : undefined);
    const result = overtime === undefined ? await subprocess : await answered(subprocess, argv, overtime);
    if (result.exitCode === undefined && !result.isCanceled && result.signal === undefined)
      return notStarted(argv[0], result);
    return {
      exitCode: result.exitCode ?? 128,
      stdout: String(result.stdout ?? ''),
      stderr: String(result.stderr ?? ''),
    };
  }

  async stream<T>(
    argv: Argv,
    options: StreamOptions<T>,
  ): Promise<{ result: RunResult; value: T | undefined }> {
    const begun = await this.#socket.begin(argv, options);
    if (begun !== undefined) return streamThrough(begun, options);
    const { execa } = await import('execa');
    const [name, ...args] = argv;
    const subprocess = execa(name, name === 'docker' ? [...this.#globals, ...args] : args, {
      reject: false,
      buffer: { stdout: false, stderr: true },
      stripFinalNewline: false,
      stdin: options.input === undefined ? 'ignore' : 'pipe',
      cancelSignal: options.signal,
      ...(options.onLine === undefined ? {} : { stderr: lines(options.onLine) }),
    });
    const program: Program<RunResult> = {
      stdin: subprocess.stdin,
      stdout: subprocess.stdout,
      stderr: subprocess.stderr,
      kill: () => void subprocess.kill(),
      result: subprocess.then((raw) => {
        if (raw.exitCode === undefined && !raw.isCanceled && raw.signal === undefined)
          throw notStarted(name, raw);
        return { exitCode: raw.exitCode ?? 128, stdout: '', stderr: String(raw.stderr ?? '') };
      }),
    };
    return streamThrough(program, options);
  }

  async hold(argv: Argv): Promise<Held | RunResult> {
    const held = await this.#socket.hold(argv);
    if (held !== undefined) return held;
    const [program, ...args] = argv;
    return firstLine(argv, program, program === 'docker' ? [...this.#globals, ...args] : args);
  }

  pour(file: string, pipe: string): Pouring {
    const [from, to] = [openSync(file, 'r'), openSync(pipe, constants.O_WRONLY)];
    try {
      // Detached: a Ctrl-C is ours to handle. It goes when those who read the pipe do.
      const child = spawn('cat', [], { stdio: [from, to, 'ignore'], detached: true });
      const ended = new Promise<void>((resolve, reject) => {
        child.on('error', (error) => reject(notStarted('cat', error)));
        child.on('close', () => resolve());
      });
      return { position: () => positionOf(child.pid), stop: () => void child.kill('SIGKILL'), ended };
    } finally {
      for (const fd of [from, to]) closeSync(fd);
    }
  }

  async outlive(script: string, args: readonly string[], log: string): Promise<Outliving> {
    return outliving(script, [...args, ...this.#globals], log);
  }
}

async function outliving(script: string, args: readonly string[], log: string): Promise<Outliving> {
  const said = openSync(log, 'a', 0o600);
  try {
    const child = spawn('sh', ['-c', script, 'rewind-watchdog', ...args], {
      stdio: ['pipe', said, said],
      detached: true,
      // It must not keep somebody from unmounting the directory where the command was typed.
      cwd: '/',
    });
    await once(child, 'spawn');
    child.unref();
    const pipe = child.stdin as Socket;
    pipe.unref();
    pipe.on('error', () => undefined);
    return {
      pid: child.pid as number,
      tell: (text) => new Promise((resolve) => pipe.write(text, () => resolve())),
      close: () => void pipe.end(),
    };
  } catch (error) {
    throw notStarted('sh', error);
  } finally {
    closeSync(said);
  }
}

/** How far a program has read its standard input, a file, in bytes. */
function positionOf(pid: number | undefined): number {
  try {
    return Number(/^pos:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/0`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** The first line of a child's standard output, or how it ended without one. The child does not keep us alive. */
function firstLine(argv: Argv, program: string, args: readonly string[]): Promise<Held | RunResult> {
  const ended = Promise.withResolvers<number>();
  return new Promise((resolve, reject) => {
    // Detached: a Ctrl-C on the terminal is ours to handle, and must not reach it.
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    let stdout = '';
    let stderr = '';
    child.on('error', (error) => reject(notStarted(program, error)));
    child.on('exit', (code) => ended.resolve(code ?? 128));
    child.on('close', (code) => resolve({ exitCode: code ?? 128, stdout, stderr }));
    // Its first word is an answer, too; its standard input closes with it, so whatever it began ends by itself.
    const within = answerWithin();
    const timer = setTimeout(() => {
      reject(noAnswer(argv, within));
      child.kill('SIGKILL');
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    }, within);
    for (const event of ['close', 'error']) child.once(event, () => clearTimeout(timer));
    child.stdin.on('error', () => {});
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      const end = stdout.indexOf('\n');
      if (end < 0) return;
      clearTimeout(timer);
      resolve({
        line: stdout.slice(0, end),
        tell: (text) => void child.stdin.write(text),
        release: () => void child.stdin.end(),
        ended: ended.promise,
      });
      stdout = '';
      child.unref();
      for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as Socket).unref();
    });
  });
}

interface Ending {
  kill(signal: 'SIGKILL'): boolean;
  stdout: Readable | null;
  stderr: Readable | null;
}

/** Waits for an answer, but not for ever. What the program started itself may hold the pipes: nobody waits for it. */
async function answered<T>(subprocess: Promise<T> & Ending, argv: Argv, overtimeMs: number): Promise<T> {
  const within = answerWithin() + overtimeMs;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(noAnswer(argv, within));
      subprocess.kill('SIGKILL');
      subprocess.stdout?.destroy();
      subprocess.stderr?.destroy();
    }, within);
  });
  subprocess.catch(() => {});
  return Promise.race([subprocess, late]).finally(() => clearTimeout(timer));
}

/** An execa transform that passes every line on unchanged. */
function lines(onLine: (line: string) => void) {
  return function* (line: unknown): Generator<unknown> {
    onLine(String(line));
    yield line;
  };
}

function notStarted(program: string, cause: unknown): RewindError {
  const missing = (cause as { code?: string }).code === 'ENOENT';
  return new RewindError(
    missing ? 'PROGRAM_NOT_FOUND' : 'PROGRAM_NOT_STARTED',
    missing ? `${program} is not installed or not in PATH` : `${program} could not be started`,
    {
      hint:
        program === 'docker'
          ? 'Install Docker: https://docs.docker.com/engine/install/'
          : `Install ${program}`,
      cause,
    },
  );
}
