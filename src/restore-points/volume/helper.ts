import { chmod, lstat, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { engineError } from '../../docker/engine-error.ts';
import { removeContainerArgv, runHelperArgv, type HelperSpec } from '../../docker/helper-container.ts';
import type { Held, Runner } from '../../docker/runner.ts';
import { isBrokenPipe } from '../../docker/stream-through.ts';
import { RewindError } from '../../errors.ts';
import { makePrivateDirectory } from '../../plan/durable.ts';
import { runAttached } from './attached.ts';
import { Jobs } from './jobs.ts';
import { reportOf, type ScriptOutcome, type ScriptReport, type ScriptStreams } from './script.ts';
import { JOB, START } from './scripts.ts';

/** What the helper's image can do: GNU tar and zstd keep everything, BusyBox does not. */
export type Tools = 'gnu' | 'busybox';

/** The way to a helper's scripts. */
interface Transport {
  run<T>(
    script: string,
    args: readonly string[],
    streams: ScriptStreams<T>,
    signal: AbortSignal,
  ): Promise<ScriptOutcome<T>>;
}

/** A running helper container. */
export class Helper {
  readonly tools: Tools;
  readonly #held: Held;
  readonly #transport: Transport;
  #gone = false;

  constructor(held: Held, transport: Transport, tools: Tools) {
    this.#held = held;
    this.#transport = transport;
    this.tools = tools;
  }

  /** It was killed, or a script may go on in it that nobody waits for: the way back needs another one in its place. */
  get isGone(): boolean {
    return this.#gone;
  }

  /** It has no more to do. */
  leave(): void {
    this.#gone = true;
    this.#held.release();
  }

  /** Has it end; false where nobody can say whether its container is gone. */
  async end(): Promise<boolean> {
    this.leave();
    const late = new AbortController();
    const code = await Promise.race([this.#held.ended, delay(END_MS, undefined, { signal: late.signal })]);
    late.abort();
    // The client of a container that is removed at its end ends when it is removed.
    return code === 0;
  }

  /** Runs a script whose output is short. */
  async ask(script: string, args: readonly string[], signal: AbortSignal): Promise<string> {
    const { report, result } = await this.run(script, args, { output: text }, signal);
    if (report.exitCode === 0) return result;
    const reason = report.messages.at(-1) ?? `exit code ${report.exitCode}`;
    throw new RewindError('HELPER_FAILED', `the helper container failed: ${reason}`, {
      details: report.messages.slice(-6),
    });
  }

  /** Runs a script between two streams. The script's failure is in the report; a failure of ours is thrown. */
  async run<T = undefined>(
    script: string,
    args: readonly string[],
    streams: ScriptStreams<T>,
    signal: AbortSignal,
  ): Promise<{ report: ScriptReport; result: T }> {
    const outcome = await this.#transport.run(script, args, streams, signal);
    this.#gone ||= outcome.cutOff || signal.aborted;
    if (signal.aborted) throw signal.reason;
    const report = reportOf(outcome);
    const { failures } = outcome;
    // A broken pipe is the consequence of what the script says itself.
    const cause = failures.find((error) => !isBrokenPipe(error));
    if (cause !== undefined) throw cause;
    const wentWell = report.exitCode === 0 && [...report.codes.values()].every((code) => code === 0);
    if (failures.length > 0 && wentWell) throw failures[0];
    return { report, result: outcome.value as T };
  }
}

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  let said = '';
  for await (const chunk of stream) said += chunk.toString();
  return said;
}

const running = new Map<string, Promise<Helper>>();

/**
 * The helper of that name; started where it does not run. It ends with this process whatever happens to it, and with
 * `removeHelper`. The image must be on the host.
 */
export async function ensureHelper(
  runner: Runner,
  workDirectory: string,
  spec: HelperSpec,
  image: string,
): Promise<Helper> {
  const key = `${workDirectory} ${spec.name}`;
  const present = running.get(key);
  if (present !== undefined && !(await present).isGone) return present;
  const started = start(runner, join(workDirectory, 'exchange', spec.write ? 'write' : 'read'), spec, image);
  running.set(key, started);
  started.catch(() => running.delete(key));
  return started;
}

async function start(runner: Runner, exchange: string, spec: HelperSpec, image: string): Promise<Helper> {
  // The journal directory around it is ours alone; inside, the container's root has no special power over our files.
  await makePrivateDirectory(join(exchange, '..'));
  await mkdir(exchange, { recursive: true, mode: 0o777 });
  await chmod(exchange, 0o777);
  const held = await hold(runner, spec, image, exchange);
  const pipe = await lstat(join(exchange, '0')).catch(() => undefined);
  if ('line' in held && pipe?.isFIFO() === true)
    return helperOf(held, image, new Jobs(held, exchange, runner.pour?.bind(runner)));
  if (!('line' in held) && !/bind source path does not exist/.test(held.stderr))
    throw engineError(held, 'starting the helper container');
  // The engine runs on another host, or in a virtual machine: the data takes the way through docker.
  if ('line' in held) await runner.run(removeContainerArgv(spec.name));
  const attached = await hold(runner, spec, image, null);
  if (!('line' in attached)) throw engineError(attached, 'starting the helper container');
  return helperOf(attached, image, {
    run: (script, args, streams, signal) => runAttached(runner, spec.name, script, args, streams, signal),
  });
}

function helperOf(held: Held, image: string, transport: Transport): Helper {
  const { line } = held;
  const tools = /^ready (gnu|busybox)$/.exec(line)?.[1];
  if (tools !== undefined) return new Helper(held, transport, tools as Tools);
  throw new RewindError(
    'HELPER_FAILED',
    `the helper container of ${image} said something unexpected: ${line}`,
  );
}

const REMOVE_TRIES = 2;

// A helper whose first process has gone is removed in a moment; one that cannot be asked is removed by hand.
const END_MS = 5000;

// The helper of a command that was killed takes a moment to go, and has the name until then.
const NAME_TRIES = 40;
const NAME_WAIT_MS = 250;

async function hold(runner: Runner, spec: HelperSpec, image: string, exchange: string | null) {
  if (runner.hold === undefined) throw new Error('this runner cannot hold a helper');
  for (let tries = 1; ; tries++) {
    const held = await runner.hold(runHelperArgv(spec, image, exchange, START, [JOB]));
    const taken = !('line' in held) && /is already in use by container/.test(held.stderr);
    if (!taken || tries === NAME_TRIES) return held;
    await runner.run(removeContainerArgv(spec.name));
    await delay(NAME_WAIT_MS);
  }
}

/** A helper has no more to do: it ends while others go on. `removeHelper` waits for that. */
export async function releaseHelper(workDirectory: string, spec: HelperSpec): Promise<void> {
  (await running.get(`${workDirectory} ${spec.name}`))?.leave();
}

/** Ends a helper and takes its pipes away; harmless where there is none. */
export async function removeHelper(runner: Runner, workDirectory: string, spec: HelperSpec): Promise<void> {
  const key = `${workDirectory} ${spec.name}`;
  const present = await running.get(key)?.catch(() => undefined);
  running.delete(key);
  if ((await present?.end()) !== true) await removeContainer(runner, spec.name);
  await rm(join(workDirectory, 'exchange', spec.write ? 'write' : 'read'), { recursive: true, force: true });
}

async function removeContainer(runner: Runner, name: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    const result = await runner.run(removeContainerArgv(name));
    if (result.exitCode === 0 || /no such container|already in progress/i.test(result.stderr)) return;
    // It does no harm to ask again: the answer may have got lost, and with the helper a whole journal would be left.
    if (tries === REMOVE_TRIES) throw engineError(result, 'removing the helper container');
  }
}
