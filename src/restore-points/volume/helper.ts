import { chmod, lstat, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { finished, pipeline } from 'node:stream/promises';
import { engineError, lastLine } from '../../docker/engine-error.ts';
import {
  execHelperArgv,
  removeContainerArgv,
  runHelperArgv,
  type HelperSpec,
} from '../../docker/helper-container.ts';
import { isBrokenPipe, type Runner } from '../../docker/runner.ts';
import { RewindError } from '../../errors.ts';
import { makePrivateDirectory } from '../../plan/durable.ts';
import { runAttached } from './attached.ts';
import { readPipe, writePipe } from './pipe.ts';
import { tellingMessages } from './tar-messages.ts';
import { PIPES, START, WITH_PIPES } from './scripts.ts';

/** What the helper's image can do: GNU tar and zstd keep everything, BusyBox does not. */
export type Tools = 'gnu' | 'busybox';

/** What a script said: its own report lines (`rewind: tar 0`) by name, and every other line of its messages. */
export interface ScriptReport {
  exitCode: number;
  codes: ReadonlyMap<string, number>;
  messages: readonly string[];
}

export interface ScriptStreams<T> {
  /** Fed to the script's standard input. */
  input?: Readable;
  /**
   * Takes the script's standard output; what it returns is the result. A chunk may be used until the next one is asked for;
   * whoever keeps them takes `owned` ones.
   */
  output?: (stream: AsyncIterable<Buffer>) => Promise<T>;
  /** Hears every line of the script's messages as it comes. */
  onMessage?: (line: string) => void;
}

// 137: killed with SIGKILL, as everything in a container that is killed. The others: the client that ran a script in it
// died, by a signal or with its engine; the script does not hear of that.
const CUT_OFF: ReadonlySet<number> = new Set([128, 129, 130, 137, 143, 255]);

/** A running helper container and the pipes to it. */
export class Helper {
  readonly tools: Tools;
  readonly #runner: Runner;
  readonly #name: string;
  readonly #exchange: string | null;
  #gone = false;
  readonly #free = Array.from({ length: PIPES }, (_, index) => String(index));

  /** `exchange`: null where the engine does not share this host's files. */
  constructor(runner: Runner, name: string, exchange: string | null, tools: Tools) {
    this.#runner = runner;
    this.#name = name;
    this.#exchange = exchange;
    this.tools = tools;
  }

  /** It was killed, or a script may go on in it that nobody waits for: the way back needs another one in its place. */
  get isGone(): boolean {
    return this.#gone;
  }

  #notice(result: { exitCode: number; stderr: string }, signal: AbortSignal): void {
    this.#gone ||=
      signal.aborted ||
      CUT_OFF.has(result.exitCode) ||
      /no such container|is not running/i.test(result.stderr);
  }

  /** Runs a script whose output is short. */
  async ask(script: string, args: readonly string[], signal: AbortSignal): Promise<string> {
    const result = await this.#runner.run(execHelperArgv(this.#name, script, args), { signal });
    this.#notice(result, signal);
    if (signal.aborted) throw signal.reason;
    if (result.exitCode === 0) return result.stdout;
    throw new RewindError('HELPER_FAILED', `the helper container failed: ${lastLine(result)}`, {
      details: result.stderr.split('\n').slice(-6),
    });
  }

  /** Runs a script between two streams. The script's failure is in the report; a failure of ours is thrown. */
  async run<T = undefined>(
    script: string,
    args: readonly string[],
    streams: ScriptStreams<T>,
    signal: AbortSignal,
  ): Promise<{ report: ScriptReport; result: T }> {
    const exchange = this.#exchange;
    if (exchange === null) {
      const { raw, value } = await runAttached(this.#runner, this.#name, script, args, streams, signal);
      this.#notice(raw, signal);
      return { report: reportOf(raw), result: value as T };
    }
    const input = streams.input === undefined ? undefined : this.#take();
    const output = streams.output === undefined ? undefined : this.#take();
    const opened = Promise.withResolvers<void>();
    const at = (name: string): string => join(exchange, name);
    const writer = input === undefined ? undefined : writePipe(at(input), opened.promise);
    const reader = output === undefined ? undefined : readPipe(at(output), opened.promise);
    const abandon = (): void => {
      writer?.abandon();
      reader?.abandon();
    };
    const inside = (name: string | undefined): string =>
      name === undefined ? '/dev/null' : `/exchange/${name}`;
    const ran = this.#runner
      .run(execHelperArgv(this.#name, WITH_PIPES, [inside(input), inside(output), script, ...args]), {
        signal,
        onLine: (line) => {
          if (line === OPEN) opened.resolve();
          else streams.onMessage?.(line);
        },
      })
      .finally(() => {
        opened.resolve();
        reader?.finish();
        // Whoever read our data is gone: there is nobody to wait for.
        if (writer !== undefined && !writer.stream.writableFinished) writer.abandon();
      });
    const fed =
      writer === undefined || streams.input === undefined
        ? undefined
        : feed(streams.input, writer, opened.promise);
    const read =
      reader === undefined || streams.output === undefined ? undefined : streams.output(reader.stream);
    const failures: unknown[] = [];
    const guarded = [fed, read].map((work) =>
      work?.catch((error: unknown) => {
        failures.push(error);
        abandon();
      }),
    );
    try {
      const [raw] = await Promise.all([ran, ...guarded]);
      this.#notice(raw, signal);
      if (signal.aborted) throw signal.reason;
      const report = reportOf(raw);
      // A broken pipe is the consequence of what the script says itself.
      const cause = failures.find((error) => !isBrokenPipe(error));
      if (cause !== undefined) throw cause;
      if (
        failures.length > 0 &&
        report.exitCode === 0 &&
        [...report.codes.values()].every((code) => code === 0)
      )
        throw failures[0];
      return { report, result: (await read?.catch(() => undefined)) as T };
    } finally {
      abandon();
      for (const name of [input, output]) if (name !== undefined) this.#free.push(name);
    }
  }

  #take(): string {
    const name = this.#free.shift();
    if (name === undefined) throw new Error('more streams than pipes');
    return name;
  }
}

const OPEN = 'rewind: open';

/** The pipe closes when all is written, but not before the other side has opened it. */
async function feed(
  input: Readable,
  writer: ReturnType<typeof writePipe>,
  opened: Promise<void>,
): Promise<void> {
  await pipeline(input, writer.stream, { end: false });
  await opened;
  // Unlike the callback of `end`, this also ends where the stream was given up before.
  writer.stream.end();
  await finished(writer.stream);
  writer.abandon();
}

function reportOf(raw: { exitCode: number; stderr: string }): ScriptReport {
  const codes = new Map<string, number>();
  const messages: string[] = [];
  for (const line of raw.stderr.split('\n')) {
    const code = /^rewind: (\w+) (\d+)$/.exec(line);
    if (code !== null) codes.set(code[1] ?? '', Number(code[2]));
    else if (line !== '' && line !== OPEN) messages.push(line);
  }
  return { exitCode: raw.exitCode, codes, messages };
}

/** The report lines that a script must have printed, all with 0 unless `allowed` says otherwise. */
export function requireCodes(
  report: ScriptReport,
  names: readonly string[],
  doing: string,
  allowed: (name: string, code: number) => boolean = (_, code) => code === 0,
): void {
  const bad = names.find((name) => !allowed(name, report.codes.get(name) ?? -1));
  if (bad === undefined && report.exitCode === 0) return;
  const messages = tellingMessages(report.messages);
  const reason = messages.at(-1) ?? `exit code ${report.exitCode}, the helper container may have been killed`;
  throw new RewindError('HELPER_FAILED', `${doing} failed: ${reason}`, {
    details: messages.slice(-6, -1),
  });
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
    return new Helper(runner, spec.name, exchange, toolsOf(held.line, image));
  if (!('line' in held) && !/bind source path does not exist/.test(held.stderr))
    throw engineError(held, 'starting the helper container');
  // The engine runs on another host, or in a virtual machine: the data takes the way through docker.
  if ('line' in held) await runner.run(removeContainerArgv(spec.name));
  const attached = await hold(runner, spec, image, null);
  if (!('line' in attached)) throw engineError(attached, 'starting the helper container');
  return new Helper(runner, spec.name, null, toolsOf(attached.line, image));
}

function toolsOf(line: string, image: string): Tools {
  const tools = /^ready (gnu|busybox)$/.exec(line)?.[1];
  if (tools !== undefined) return tools as Tools;
  throw new RewindError(
    'HELPER_FAILED',
    `the helper container of ${image} said something unexpected: ${line}`,
  );
}

const REMOVE_TRIES = 2;

// The helper of a command that was killed takes a moment to go, and has the name until then.
const NAME_TRIES = 40;
const NAME_WAIT_MS = 250;

async function hold(runner: Runner, spec: HelperSpec, image: string, exchange: string | null) {
  if (runner.hold === undefined) throw new Error('this runner cannot hold a helper');
  for (let tries = 1; ; tries++) {
    const held = await runner.hold(runHelperArgv(spec, image, exchange, START));
    const taken = !('line' in held) && /is already in use by container/.test(held.stderr);
    if (!taken || tries === NAME_TRIES) return held;
    await runner.run(removeContainerArgv(spec.name));
    await delay(NAME_WAIT_MS);
  }
}

/** Ends a helper and takes its pipes away; harmless where there is none. */
export async function removeHelper(runner: Runner, workDirectory: string, spec: HelperSpec): Promise<void> {
  running.delete(`${workDirectory} ${spec.name}`);
  for (let tries = 1; ; tries++) {
    const result = await runner.run(removeContainerArgv(spec.name));
    if (result.exitCode === 0 || /no such container|already in progress/i.test(result.stderr)) break;
    // It does no harm to ask again: the answer may have got lost, and with the helper a whole journal would be left.
    if (tries === REMOVE_TRIES) throw engineError(result, 'removing the helper container');
  }
  await rm(join(workDirectory, 'exchange', spec.write ? 'write' : 'read'), { recursive: true, force: true });
}
