import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Outliving, Runner } from '../docker/runner.ts';
import { RewindError } from '../errors.ts';
import { monotonicMs } from './monotonic.ts';
import { identityOf, isAlive, type ProcessIdentity } from './process-identity.ts';
import type { Step } from './steps/index.ts';
import { DEFAULT_STOP_SECONDS, type RunningContainer } from './steps/still-services.ts';
import { WATCHDOG } from './watchdog-script.ts';

/** What the watchdog is told about a step: these are to run when we die; nothing may be started; or nothing new. */
export type Guard = { run: readonly RunningContainer[]; stopping: boolean } | 'away' | undefined;

/** Before a step. Services must not be started on data that is half swapped, or half replaced: that is for recover to decide. */
export function guardBefore(step: Step): Guard {
  switch (step.kind) {
    case 'stop-writers':
      return { run: step.levels.flat(), stopping: true };
    case 'pause-containers':
      return { run: step.containers, stopping: false };
    case 'resume-containers':
      return { run: step.levels.flat(), stopping: false };
    case 'swap-volumes':
    case 'unswap-volumes':
    case 'swap-databases':
    case 'unswap-databases':
    // It replaces what was stopped: nobody may start that beside it.
    case 'compose-up':
      return 'away';
    case 'extract-volumes':
      return step.clear ? 'away' : undefined;
    default:
      return undefined;
  }
}

const FILE = 'watchdog.json';
/** What the engine needs beyond the grace period to notice an end. */
const MARGIN_SECONDS = 5;

/**
 * A small process in a session of its own that starts again what we stopped, and unpauses what we paused, when this
 * process dies by any signal. Started before the first stop, not earlier. Without it `recover` does all that it does.
 */
export class Watchdog {
  readonly #runner: Runner;
  readonly #directory: string;
  readonly #project: string;
  #process: Outliving | undefined;
  #guards = false;

  constructor(runner: Runner, journalDirectory: string, project: string) {
    this.#runner = runner;
    this.#directory = journalDirectory;
    this.#project = project;
  }

  /** It knows before the step begins: the pipe keeps what was written into it before we died. */
  async before(step: Step): Promise<void> {
    const guard = guardBefore(step);
    if (guard === undefined) return;
    if (guard === 'away') return this.#away();
    this.#guards = true;
    const lines = guard.run.map(({ id, service, stopTimeout }) => {
      const grace = guard.stopping ? (stopTimeout ?? DEFAULT_STOP_SECONDS) + MARGIN_SECONDS : 0;
      return `${id} ${service} ${grace}\n`;
    });
    await (await this.#started())?.tell(lines.join(''));
  }

  async after(step: Step): Promise<void> {
    if (step.kind === 'resume-containers') await this.#away();
  }

  /** The execution is over. Where it ended with something still to be started, that goes on to be tried. */
  async end(done: boolean): Promise<void> {
    if (done) await this.#process?.tell('done\n');
    this.#process?.close();
    this.#process = undefined;
  }

  async #away(): Promise<void> {
    if (!this.#guards) return;
    this.#guards = false;
    await this.#process?.tell('away\n');
  }

  async #started(): Promise<Outliving | undefined> {
    if (this.#process !== undefined || this.#runner.outlive === undefined) return this.#process;
    this.#process = await this.#runner.outlive(
      WATCHDOG,
      [this.#directory, this.#project],
      join(this.#directory, 'watchdog.log'),
    );
    const identity = identityOf(this.#process.pid);
    await writeFile(join(this.#directory, FILE), JSON.stringify(identity), { mode: 0o600 });
    return this.#process;
  }
}

const RELIEF_MS = 60_000;

/** Ends the watchdog of an execution whose command is dead, so that it does not start what is being stopped. */
export async function relieveWatchdog(journalDirectory: string): Promise<void> {
  const text = await readFile(join(journalDirectory, FILE), 'utf8').catch(() => undefined);
  if (text === undefined) return;
  let identity: ProcessIdentity;
  try {
    identity = JSON.parse(text) as ProcessIdentity;
  } catch {
    // Written in the moment of the crash: it had been told nothing yet.
    return;
  }
  const own = identityOf(process.pid);
  if (identity.host !== own.host || identity.processStart === 0) return;
  // It ends between two calls of docker.
  for (const deadline = monotonicMs() + RELIEF_MS; isAlive(identity); await sleep(20)) {
    signal(identity.pid, monotonicMs() > deadline ? 'SIGKILL' : 'SIGTERM');
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EPERM') {
      throw new RewindError(
        'NOT_PERMITTED',
        `the watchdog of another user (pid ${pid}) is still at work here`,
        {
          hint: 'Wait until it has ended, or run this as root',
        },
      );
    }
    if (code !== 'ESRCH') throw error;
  }
}
