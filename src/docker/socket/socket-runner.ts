import { answerWithin, isShort, noAnswer } from '../questions.ts';
import type { Argv, DockerGlobals, RunOptions, RunResult } from '../runner.ts';
import { engineSocket } from './endpoint.ts';
import type { EngineSocket } from './engine-socket.ts';

/**
 * Asks a local engine over its socket what docker would ask it: starting docker takes ten times as long as the answer.
 * Docker goes first no more, but has the last word: whatever is not answered well here is its to ask again, and to put into words.
 */
export class SocketRunner {
  readonly #globals: DockerGlobals;
  #engine: Promise<EngineSocket | undefined> | undefined;

  constructor(globals: DockerGlobals) {
    this.#globals = globals;
  }

  /** Undefined where docker has to be run. Throws NO_ANSWER as docker's own silence does. */
  async run(argv: Argv, options: RunOptions): Promise<RunResult | undefined> {
    const special = [options.env, options.input, options.onLine, options.onStart];
    if (argv[0] !== 'docker' || special.some((option) => option !== undefined)) return undefined;
    const { socketCall } = await import('./calls.ts');
    const call = socketCall(argv);
    const engine = call === undefined ? undefined : await (this.#engine ??= this.#connect());
    if (call === undefined || engine === undefined) return undefined;
    const overtime = options.overtimeMs ?? (isShort(argv) ? 0 : undefined);
    const within = overtime === undefined ? undefined : answerWithin() + overtime;
    const late = within === undefined ? undefined : AbortSignal.timeout(within);
    const signals = [late, options.signal].filter((signal) => signal !== undefined);
    try {
      const signal = AbortSignal.any(signals);
      const stdout = await call((method, path, body) => engine.ask(method, path, signal, body));
      return stdout === undefined ? undefined : { exitCode: 0, stdout, stderr: '' };
    } catch {
      // What docker would be if it was ended.
      if (options.signal?.aborted === true) return { exitCode: 128, stdout: '', stderr: '' };
      if (within !== undefined && late?.aborted === true) throw noAnswer(argv, within);
      return undefined;
    }
  }

  /** Gets ready for the first question while something else is waited for. What goes wrong does so again when that is asked. */
  async prepare(): Promise<void> {
    try {
      await import('./calls.ts');
      await (await (this.#engine ??= this.#connect()))?.prepare();
    } catch {
      // See above.
    }
  }

  async #connect(): Promise<EngineSocket | undefined> {
    const path = engineSocket(this.#globals, process.env);
    if (path === undefined) return undefined;
    const { EngineSocket } = await import('./engine-socket.ts');
    return new EngineSocket(path);
  }
}
