import { answerWithin, isShort, noAnswer } from '../questions.ts';
import type { Argv, DockerGlobals, Held, RunOptions, RunResult, StreamOptions } from '../runner.ts';
import type { Program } from '../stream-through.ts';
import { engineSocket } from './endpoint.ts';
import type { EngineSocket } from './engine-socket.ts';
import type { Exec } from './exec.ts';

/**
 * Does over the socket of a local engine what docker would do there: starting docker takes ten times as long as most
 * answers. Whatever is not answered well is docker's to do again, and to put into words; what must not be done twice is given
 * back to it only where it has certainly not begun.
 */
export class SocketRunner {
  readonly #globals: DockerGlobals;
  #engine: Promise<EngineSocket | undefined> | undefined;
  /** What was to be held here did not come to be: whoever tries again does so through docker. */
  #holdsNothing = false;

  constructor(globals: DockerGlobals) {
    this.#globals = globals;
  }

  /** Undefined where docker has to be run. Throws NO_ANSWER as docker's own silence does. */
  async run(argv: Argv, options: RunOptions): Promise<RunResult | undefined> {
    if (argv[0] !== 'docker' || options.env !== undefined || options.onStart !== undefined) return undefined;
    return argv[1] === 'exec' ? this.#exec(argv, options) : this.#call(argv, options);
  }

  /** A program in a container, between streams; undefined where docker has to be run. */
  async begin<T>(argv: Argv, options: StreamOptions<T>): Promise<Program<RunResult> | undefined> {
    const exec = await this.#start(argv, options.signal);
    if (exec === undefined) return undefined;
    const { heard } = await import('./heard.ts');
    if (options.input === undefined) exec.stdin?.end();
    const said = heard(exec.stderr, options.onLine);
    const result = Promise.all([exec.exitCode, said]).then(([exitCode, stderr]) => ({
      exitCode,
      stdout: '',
      stderr,
    }));
    return { stdin: exec.stdin, stdout: exec.stdout, stderr: exec.stderr, kill: () => exec.leave(), result };
  }

  /** A container that lives until its standard input closes; undefined where docker has to be run. Throws NO_ANSWER. */
  async hold(argv: Argv): Promise<Held | RunResult | undefined> {
    const { runRequest } = await import('./run.ts');
    const request = this.#holdsNothing ? undefined : runRequest(argv);
    const engine = request === undefined ? undefined : await this.#connected();
    if (request === undefined || engine === undefined) return undefined;
    const { holdContainer } = await import('./hold.ts');
    const within = answerWithin();
    const signal = AbortSignal.timeout(within);
    try {
      const held = await holdContainer(engine, request, signal);
      this.#holdsNothing = held === undefined;
      return held;
    } catch {
      this.#holdsNothing = true;
      if (signal.aborted) throw noAnswer(argv, within);
      return undefined;
    }
  }

  /** Gets ready for the first question while something else is waited for. What goes wrong does so again when that is asked. */
  async prepare(): Promise<void> {
    try {
      await import('./calls.ts');
      await (await this.#connected())?.prepare();
    } catch {
      // See above.
    }
  }

  async #call(argv: Argv, options: RunOptions): Promise<RunResult | undefined> {
    if (options.input !== undefined || options.onLine !== undefined) return undefined;
    const { socketCall } = await import('./calls.ts');
    const call = socketCall(argv);
    const engine = call === undefined ? undefined : await this.#connected();
    if (call === undefined || engine === undefined) return undefined;
    const overtime = options.overtimeMs ?? (isShort(argv) ? 0 : undefined);
    const within = overtime === undefined ? undefined : answerWithin() + overtime;
    const late = within === undefined ? undefined : AbortSignal.timeout(within);
    const signals = [late, options.signal].filter((signal) => signal !== undefined);
    try {
      const signal = AbortSignal.any(signals);
      const said = await call((method, path, body) => engine.ask(method, path, signal, body));
      return typeof said === 'string' ? { exitCode: 0, stdout: said, stderr: '' } : said;
    } catch {
      // What docker would be if it was ended.
      if (options.signal?.aborted === true) return { exitCode: 128, stdout: '', stderr: '' };
      if (within !== undefined && late?.aborted === true) throw noAnswer(argv, within);
      return undefined;
    }
  }

  async #exec(argv: Argv, options: RunOptions): Promise<RunResult | undefined> {
    if (options.overtimeMs !== undefined) return undefined;
    const exec = await this.#start(argv, options.signal ?? new AbortController().signal);
    if (exec === undefined) return undefined;
    const { heard } = await import('./heard.ts');
    exec.stdin?.end(options.input);
    const [exitCode, stdout, stderr] = await Promise.all([
      exec.exitCode,
      heard(exec.stdout, options.onLine),
      heard(exec.stderr, options.onLine),
    ]);
    return { exitCode, stdout, stderr };
  }

  async #start(argv: Argv, signal: AbortSignal): Promise<Exec | undefined> {
    if (argv[0] !== 'docker' || argv[1] !== 'exec') return undefined;
    const { execRequest, startExec } = await import('./exec.ts');
    const request = execRequest(argv);
    const engine = request === undefined ? undefined : await this.#connected();
    if (request === undefined || engine === undefined) return undefined;
    // Whatever is thrown comes from before it was started.
    return startExec(engine, request, signal).catch(() => undefined);
  }

  #connected(): Promise<EngineSocket | undefined> {
    return (this.#engine ??= this.#connect());
  }

  async #connect(): Promise<EngineSocket | undefined> {
    const path = engineSocket(this.#globals, process.env);
    if (path === undefined) return undefined;
    const { EngineSocket } = await import('./engine-socket.ts');
    return new EngineSocket(path);
  }
}
