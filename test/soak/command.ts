import { spawn, type ChildProcess } from 'node:child_process';
import { SHIM } from '../e2e/installed.ts';

const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';

export interface CommandOutcome {
  pid: number | undefined;
  exitCode: number | null;
  output: string;
}

/** A command under test in a process group of its own. */
export class Command {
  readonly done: Promise<CommandOutcome>;
  readonly #process: ChildProcess;

  constructor(args: readonly string[], where: { cwd: string; host: string; clock?: string | undefined }) {
    const child = spawn(SHIM, args, {
      cwd: where.cwd,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        DOCKER_HOST: where.host,
        ...(where.clock === undefined
          ? {}
          : { LD_PRELOAD: FAKETIME, FAKETIME: where.clock, FAKETIME_DONT_FAKE_MONOTONIC: '1' }),
      },
    });
    this.#process = child;
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    this.done = new Promise((resolve) =>
      child.once('exit', (exitCode) => resolve({ pid: child.pid, exitCode, output })),
    );
  }

  /** To the whole group, as a terminal or a supervisor does it. False where it has ended already. */
  signal(signal: NodeJS.Signals): boolean {
    try {
      process.kill(-(this.#process.pid ?? 0), signal);
      return true;
    } catch {
      return false;
    }
  }
}
