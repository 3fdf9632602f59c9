import { PassThrough, type Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { answerWithin } from '../questions.ts';
import type { Argv } from '../runner.ts';
import type { EngineSocket } from './engine-socket.ts';
import { readFlags } from './flags.ts';
import { takeApart } from './frames.ts';

/** What runs in a container, as the engine is told. */
interface ExecRequest {
  container: string;
  body: {
    AttachStdin: boolean;
    AttachStdout: true;
    AttachStderr: true;
    User?: string;
    Cmd: readonly string[];
  };
}

/** A program in a container, between streams. */
export interface Exec {
  /** Null where it was started without one. Its end is the program's end of input. */
  stdin: Duplex | null;
  stdout: PassThrough;
  stderr: PassThrough;
  /** As `docker exec` would end; 255 where the connection or the engine went away, 128 after `leave`. Never rejects. */
  exitCode: Promise<number>;
  /** Closes the connection, as the signal does; what runs in the container hears of it by its streams. */
  leave(): void;
}

/** As whom docker ends where it lost its connection or its engine. */
export const CUT_OFF = 255;

/** Milliseconds between the end of a program's streams and its own; one that goes on after that has lost its connection. */
const END_WITHIN_MS = 30_000;

/** `docker exec` with the flags that are used here; undefined for every other command line. */
export function execRequest(argv: Argv): ExecRequest | undefined {
  const [, verb, ...rest] = argv;
  if (verb !== 'exec') return undefined;
  const flags = readFlags(rest, ['--interactive'], ['--user'], true);
  if (flags === undefined) return undefined;
  const [container = '', ...command] = flags.words;
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(container)) return undefined;
  const user = flags.values.get('--user')?.at(-1);
  return {
    container,
    body: {
      AttachStdin: flags.switches.has('--interactive'),
      AttachStdout: true,
      AttachStderr: true,
      ...(user === undefined ? {} : { User: user }),
      Cmd: command,
    },
  };
}

/**
 * Starts it. Undefined where it certainly does not run, so that docker can say why: the engine takes two requests, and only
 * the second one starts anything. What became of it when that gets no answer nobody knows: exit code 255.
 */
export async function startExec(
  engine: EngineSocket,
  { container, body }: ExecRequest,
  signal: AbortSignal,
): Promise<Exec | undefined> {
  const within = (): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(answerWithin())]);
  const made = await engine.ask('POST', `/containers/${container}/exec`, within(), body);
  if (made.status !== 201) return undefined;
  const { Id: id } = JSON.parse(made.body) as { Id: string };
  const stdout = new PassThrough({ highWaterMark: 1024 * 1024 });
  const stderr = new PassThrough();
  const control = new AbortController();
  const connection = await engine
    .upgrade(`/exec/${id}/start`, within(), { Detach: false, Tty: false })
    .catch(() => null);
  if (connection === undefined) return undefined;
  if (connection === null) {
    stdout.end();
    stderr.end();
    return {
      stdin: null,
      stdout,
      stderr,
      exitCode: Promise.resolve(signal.aborted ? 128 : CUT_OFF),
      leave() {},
    };
  }
  const leave = (): void => {
    control.abort();
    connection.destroy();
  };
  connection.on('error', () => {});
  signal.addEventListener('abort', leave, { once: true });
  if (signal.aborted) leave();
  const exitCode = takeApart(connection, stdout, stderr)
    .then(() => exitCodeOf(engine, id, control.signal))
    .catch(() => (control.signal.aborted ? 128 : CUT_OFF))
    .finally(() => {
      signal.removeEventListener('abort', leave);
      connection.destroy();
    });
  return { stdin: body.AttachStdin ? connection : null, stdout, stderr, exitCode, leave };
}

/** The streams of a program end before the engine has heard that it did. Throws where it does not say so in time. */
async function exitCodeOf(engine: EngineSocket, id: string, left: AbortSignal): Promise<number> {
  const signal = AbortSignal.any([left, AbortSignal.timeout(END_WITHIN_MS)]);
  for (let pause = 1; ; pause = Math.min(pause * 2, 100)) {
    const { status, body } = await engine.ask('GET', `/exec/${id}/json`, signal);
    if (status !== 200) return CUT_OFF;
    const state = JSON.parse(body) as { Running: boolean; ExitCode: number | null };
    if (!state.Running) return state.ExitCode ?? CUT_OFF;
    await delay(pause, undefined, { signal });
  }
}
