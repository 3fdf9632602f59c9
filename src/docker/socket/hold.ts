import { once } from 'node:events';
import type { Socket } from 'node:net';
import { PassThrough, type Duplex } from 'node:stream';
import { answerWithin } from '../questions.ts';
import type { Held, RunResult } from '../runner.ts';
import type { EngineSocket } from './engine-socket.ts';
import { CUT_OFF } from './exec.ts';
import { takeApart } from './frames.ts';
import { heard } from './heard.ts';
import type { RunRequest } from './run.ts';

/**
 * Makes and starts a container whose standard input is a connection of ours. Undefined where it does not run, so that docker can
 * say why: what had been made of it is removed, and where that fails docker finds its name taken. Rejects with the signal's
 * reason.
 */
export async function holdContainer(
  engine: EngineSocket,
  { name, body }: RunRequest,
  signal: AbortSignal,
): Promise<Held | RunResult | undefined> {
  const made = await engine.ask('POST', `/containers/create?name=${name}`, signal, body);
  if (made.status !== 201) return undefined;
  const path = `/containers/${(JSON.parse(made.body) as { Id: string }).Id}`;
  let connection: Duplex | undefined;
  try {
    connection = await engine.upgrade(`${path}/attach?stream=1&stdin=1&stdout=1&stderr=1`, signal, {});
    // Asked before it starts, so that its end is not missed.
    const ended = exitCodeOf(engine, path);
    const started = connection && (await engine.ask('POST', `${path}/start`, signal));
    if (connection !== undefined && started?.status === 204)
      return await firstLine(connection, ended, signal);
  } catch {
    // As below; what comes after the start does not throw but for the signal.
  }
  connection?.destroy();
  await engine
    .ask('DELETE', `${path}?force=true`, AbortSignal.timeout(answerWithin()))
    .catch(() => undefined);
  signal.throwIfAborted();
  return undefined;
}

/** As `docker run` would end, which is when the container has been removed. Never rejects. */
async function exitCodeOf(engine: EngineSocket, path: string): Promise<number> {
  try {
    const { status, body } = await engine.waitFor(`${path}/wait?condition=removed`);
    return status === 200 ? (JSON.parse(body) as { StatusCode: number }).StatusCode : CUT_OFF;
  } catch {
    return CUT_OFF;
  }
}

/** The first line that it prints, or how it ended without one. */
async function firstLine(
  connection: Duplex,
  ended: Promise<number>,
  signal: AbortSignal,
): Promise<Held | RunResult> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  connection.on('error', () => {});
  const first = Promise.withResolvers<string>();
  const said = Promise.all([heard(stdout, first.resolve), heard(stderr)]);
  takeApart(connection, stdout, stderr).catch(() => {});
  const line = await Promise.race([
    first.promise,
    said.then(() => undefined),
    once(signal, 'abort').then(() => signal.throwIfAborted()),
  ]);
  if (typeof line !== 'string') {
    const [out, err] = await said;
    return { exitCode: await ended, stdout: out, stderr: err };
  }
  (connection as Socket).unref();
  return {
    line,
    tell: (text) => void connection.write(text),
    release: () => void connection.end(),
    ended,
  };
}
