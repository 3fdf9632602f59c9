import { writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { ExitCode, RewindError } from '../errors.ts';
import { monotonicMs } from '../plan/monotonic.ts';

type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

// Ctrl-C reaches us twice where docker's output is no terminal: as the signal and as docker closing its socket.
const SAME_KEYPRESS_MS = 1000;
const LEAVE_WITHIN_MS = 10_000;

let controller: AbortController | undefined;
const cleanups = new Set<() => Promise<void>>();
/** Set once nothing can be begun any more: what has to go is going. */
let leaving: RewindError | undefined;
let abortedBySocketAt: number | undefined;

/**
 * Ends the process on the first signal with the exit code that people expect; docker would turn a death by signal
 * into 255. Once somebody holds `interruptSignal()`, the first signal only aborts that, so that a command can put
 * things back; the second one ends the process.
 */
export function installInterrupts(): void {
  // A terminal that was closed, a pipe that nobody reads: what cannot be said any more must not end what is being done.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => onSignal(signal));
}

/** Aborted, with a RewindError as the reason, when the user or docker tells this process to stop. */
export function interruptSignal(): AbortSignal {
  controller ??= new AbortController();
  return controller.signal;
}

/**
 * What has to be done before the process ends on a signal while nothing was begun (locks are given back). Returns how to
 * take it off the list again.
 */
export function beforeLeaving(cleanup: () => Promise<void>): () => void {
  cleanups.add(cleanup);
  return () => void cleanups.delete(cleanup);
}

/** Why the process is about to end although nobody held the signal; whatever is thrown then is a consequence of it. */
export function leavingBecause(): RewindError | undefined {
  return leaving;
}

/** Gives back what was taken, for some seconds at most (a second signal does not wait), then ends. Whoever asks for the signal meanwhile finds it aborted. */
async function leave(why: RewindError): Promise<void> {
  leaving = why;
  controller = new AbortController();
  controller.abort(why);
  const given = Promise.allSettled([...cleanups].map((cleanup) => cleanup()));
  await Promise.race([given, delay(LEAVE_WITHIN_MS)]);
  process.exit(why.exitCode);
}

function onSignal(signal: Signal): void {
  if (controller !== undefined && !controller.signal.aborted) {
    controller.abort(reason(signal));
    return;
  }
  // Whoever closed the terminal wants out, and is not there to want out twice: the kernel and docker both tell.
  if (signal === 'SIGHUP' && controller !== undefined) return;
  if (abortedBySocketAt !== undefined && monotonicMs() - abortedBySocketAt < SAME_KEYPRESS_MS) {
    abortedBySocketAt = undefined;
    return;
  }
  if (controller === undefined && cleanups.size > 0) {
    void leave(reason(signal));
    return;
  }
  if (controller !== undefined && leaving === undefined) sayUnfinished();
  process.exit(exitCode(signal));
}

/** Written directly: a progress display may have process.stderr in its hands. */
function sayUnfinished(): void {
  try {
    writeSync(2, '\ndocker rewind: left in the middle, with some of it done\n→ docker rewind recover\n');
  } catch {
    // Nobody is there to read it; the next command will say it.
  }
}

function exitCode(signal: Signal): number {
  return signal === 'SIGINT' ? ExitCode.interrupted : ExitCode.terminated;
}

function reason(signal: Signal): RewindError {
  return signal === 'SIGINT'
    ? new RewindError('INTERRUPTED', 'interrupted', { exit: 'interrupted' })
    : new RewindError('TERMINATED', 'told to stop', { exit: 'terminated' });
}

/**
 * Docker holds a socket open for as long as it wants its plugin to run and closes it when it is told to stop itself
 * while its output is no terminal. The connection does not keep this process alive.
 */
export async function watchDockerSocket(address: string | undefined): Promise<void> {
  if (address === undefined || address === '') return;
  const { connect } = await import('node:net');
  // Docker writes the NUL of an abstract socket's name as `@`.
  const socket = connect({ path: address.replace(/^@/, '\0') });
  let connected = false;
  socket.unref();
  socket.on('connect', () => (connected = true));
  socket.on('error', () => undefined);
  socket.on('close', () => {
    if (!connected || controller?.signal.aborted) return;
    abortedBySocketAt = monotonicMs();
    if (controller !== undefined) controller.abort(reason('SIGINT'));
    else if (cleanups.size > 0) void leave(reason('SIGINT'));
    else process.exit(ExitCode.interrupted);
  });
  socket.resume();
}
