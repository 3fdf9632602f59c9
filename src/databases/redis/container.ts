import { Readable } from 'node:stream';
import { execScriptArgv } from '../../docker/exec.ts';
import { lastLine } from '../../docker/engine-error.ts';
import { RewindError } from '../../errors.ts';
import type { EngineContext } from '../engine.ts';

/** The inside of a server's container, as the user that the server runs as. */
export class ContainerFiles {
  readonly #container: string;
  readonly #context: EngineContext;
  readonly user: string;

  constructor(container: string, user: string, context: EngineContext) {
    this.#container = container;
    this.user = user;
    this.#context = context;
  }

  /** Runs a script whose output is short. Throws CONTAINER_FAILED. */
  async ask(script: string, args: readonly string[], doing: string): Promise<string> {
    const { runner, signal } = this.#context;
    const result = await runner.run(this.#argv(script, args, false), { signal });
    if (signal.aborted) throw signal.reason;
    if (result.exitCode === 0) return result.stdout.trim();
    throw failed(doing, lastLine(result));
  }

  /** Feeds a script. Throws CONTAINER_FAILED, or what the input failed with. */
  async feed(
    script: string,
    args: readonly string[],
    input: AsyncIterable<Uint8Array> | string,
    doing: string,
  ): Promise<void> {
    const { runner, signal } = this.#context;
    const { result } = await runner.stream(this.#argv(script, args, true), {
      input: typeof input === 'string' ? Readable.from([Buffer.from(input)]) : Readable.from(input),
      output: async (stdout) => void stdout.resume(),
      signal,
    });
    if (result.exitCode !== 0) throw failed(doing, lastLine(result));
  }

  /** Starts what goes on without us. */
  async start(script: string, args: readonly string[], doing: string): Promise<void> {
    const { runner, signal } = this.#context;
    const [docker, exec, ...rest] = this.#argv(script, args, false);
    const result = await runner.run([docker, exec ?? 'exec', '--detach', ...rest], { signal });
    if (signal.aborted) throw signal.reason;
    if (result.exitCode !== 0) throw failed(doing, lastLine(result));
  }

  #argv(script: string, args: readonly string[], stdin: boolean) {
    return execScriptArgv(this.#container, script, args, { stdin, user: this.user });
  }
}

function failed(doing: string, why: string): RewindError {
  const full = /no space left/i.test(why);
  return new RewindError('CONTAINER_FAILED', `${doing} failed: ${why}`, {
    hint: full ? "Free some space in the server's data directory" : 'docker compose logs may say more',
  });
}
