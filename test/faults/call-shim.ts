import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
} from 'node:fs';
import { rmSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** How a call goes wrong: see call-shim.sh. */
export type FaultMode = 'fail' | 'lost' | 'hang' | 'cut' | 'kill';

/** The `number`th call, from 1, whose command line fits a shell pattern. */
export interface Fault {
  mode: FaultMode;
  number: number;
  pattern: string;
}

/** A `docker` and a `git` in front of the real ones. */
export class CallShim {
  readonly #directory = mkdtempSync(join(tmpdir(), 'rewind-shim-'));

  /** `elsewhere`: the engine looks as if it ran on another host, which does not see the files of this one. */
  constructor({ elsewhere = false } = {}) {
    if (elsewhere) writeFileSync(join(this.#directory, 'elsewhere'), '');
    for (const program of ['docker', 'git']) {
      copyFileSync(join(import.meta.dirname, 'call-shim.sh'), join(this.#directory, program));
      chmodSync(join(this.#directory, program), 0o755);
      writeFileSync(join(this.#directory, `${program}.real`), `${inPath(program)}\n`);
    }
  }

  /** For the environment of the command. */
  get env(): Record<string, string> {
    // Every question goes through docker, and so through us.
    return { REWIND_THROUGH_DOCKER: '1', PATH: `${this.#directory}${delimiter}${process.env['PATH'] ?? ''}` };
  }

  /** Forgets the calls so far, and lets this fault happen from now on; without one all calls go through. */
  arm(fault?: Fault): void {
    for (const name of readdirSync(this.#directory))
      if (/^(call|match)\.|^(hit|fault)$/.test(name)) rmSync(join(this.#directory, name));
    if (fault !== undefined)
      writeFileSync(join(this.#directory, 'fault'), `${fault.mode} ${fault.number} ${fault.pattern}\n`);
  }

  /** The command line that went wrong; undefined where none did. */
  get hit(): string | undefined {
    const path = join(this.#directory, 'hit');
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  }

  /** Every command line since the last `arm`, in order. */
  get calls(): string[] {
    return readdirSync(this.#directory)
      .filter((name) => name.startsWith('call.'))
      .map((name) => Number(name.slice(5)))
      .sort((a, b) => a - b)
      .map((number) => readFileSync(join(this.#directory, `call.${number}`), 'utf8'));
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function inPath(program: string): string {
  const found = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((directory) => join(directory, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
  if (found === undefined) throw new Error(`${program} is not in PATH`);
  return found;
}
