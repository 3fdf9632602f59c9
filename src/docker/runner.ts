import type { Socket } from 'node:net';
import { spawn } from 'node:child_process';
import type { Options } from 'execa';
import { RewindError } from '../errors.ts';

/** A program and its arguments. Builders return these and run nothing; no shell ever sees one. */
export type Argv = readonly ['docker' | 'git', ...string[]];

export interface RunResult {
  exitCode: number;
  stdout: string;
  stderr: string;
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
  /** Ends the program with SIGTERM. */
  signal?: AbortSignal;
}

/** The one way to run docker and git. A non-zero exit is a result, not an error: only the caller knows its meaning. */
export interface Runner {
  run(argv: Argv, options?: RunOptions): Promise<RunResult>;
  /**
   * Starts a program that lives until its standard input, which is a pipe from this process, closes: so it goes when we
   * go, even by SIGKILL. Returns the first line that it prints; its whole result where it ends without one. Runners that
   * only wrap another one for a look at the project do without.
   */
  hold?(argv: Argv): Promise<{ line: string } | RunResult>;
}

/** Docker's own global flags (`--context x`, `-H …`) as they were given, for every docker call. */
export type DockerGlobals = readonly string[];

/** Runs real processes. Without `onLine` the output is collected only. */
export class ProcessRunner implements Runner {
  readonly #globals: DockerGlobals;

  constructor(globals: DockerGlobals = []) {
    this.#globals = globals;
  }

  async run(argv: Argv, options: RunOptions = {}): Promise<RunResult> {
    const { execa } = await import('execa');
    const [program, ...args] = argv;
    const subprocess = execa(program, program === 'docker' ? [...this.#globals, ...args] : args, {
      reject: false,
      stripFinalNewline: false,
      ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
      ...(options.onLine === undefined
        ? {}
        : { stdout: lines(options.onLine), stderr: lines(options.onLine) }),
    } satisfies Options);
    const result = await subprocess;
    if (result.exitCode === undefined && !result.isCanceled && result.signal === undefined) {
      throw notStarted(program, result);
    }
    return {
      exitCode: result.exitCode ?? 128,
      stdout: String(result.stdout ?? ''),
      stderr: String(result.stderr ?? ''),
    };
  }

  async hold(argv: Argv): Promise<{ line: string } | RunResult> {
    const [program, ...args] = argv;
    return firstLine(program, program === 'docker' ? [...this.#globals, ...args] : args);
  }
}

/** The first line of a child's standard output, or how it ended without one. The child does not keep us alive. */
function firstLine(program: string, args: readonly string[]): Promise<{ line: string } | RunResult> {
  return new Promise((resolve, reject) => {
    // Detached: a Ctrl-C on the terminal is ours to handle, and must not reach it.
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    let stdout = '';
    let stderr = '';
    child.on('error', (error) => reject(notStarted(program, error)));
    child.on('close', (code) => resolve({ exitCode: code ?? 128, stdout, stderr }));
    child.stdin.on('error', () => {});
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      const end = stdout.indexOf('\n');
      if (end < 0) return;
      resolve({ line: stdout.slice(0, end) });
      stdout = '';
      child.unref();
      for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as Socket).unref();
    });
  });
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
