import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { RewindError } from '../../errors.ts';
import { tellingMessages } from './tar-messages.ts';

/** What a script said: its own report lines (`rewind: tar 0`) by name, and every other line of its messages. */
export interface ScriptReport {
  exitCode: number;
  codes: ReadonlyMap<string, number>;
  messages: readonly string[];
}

export interface ScriptStreams<T> {
  /** Fed to the script's standard input. */
  input?: Readable;
  /** Instead of it: a file of this host, and who hears how many bytes of it were taken. */
  file?: { path: string; onBytes: (bytes: number) => void };
  /**
   * Takes the script's standard output; what it returns is the result. A chunk may be used until the next one is asked for;
   * whoever keeps them takes `owned` ones.
   */
  output?: (stream: AsyncIterable<Buffer>) => Promise<T>;
  /** Hears every line of the script's messages as it comes. */
  onMessage?: (line: string) => void;
  /** Which of them `onMessage` alone hears: the report does without lines that may come for every entry. */
  isHeardOnly?: (line: string) => boolean;
}

/** What is fed to a script, where a file of this host has to come through here. */
export function inputOf<T>({ input, file }: ScriptStreams<T>): Readable | undefined {
  return input ?? (file === undefined ? undefined : Readable.from(counted(file)));
}

async function* counted({
  path,
  onBytes,
}: NonNullable<ScriptStreams<unknown>['file']>): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
    yield chunk;
    onBytes((bytes += chunk.length));
  }
}

/** How a script ended, whichever way it was run. */
export interface ScriptOutcome<T> {
  exitCode: number;
  stderr: string;
  /** Nobody knows how far it came: its helper was killed, or may go on with it. */
  cutOff: boolean;
  /** What went wrong with its streams on our side. */
  failures: readonly unknown[];
  value: T | undefined;
}

export function reportOf({ exitCode, stderr }: { exitCode: number; stderr: string }): ScriptReport {
  const codes = new Map<string, number>();
  const messages: string[] = [];
  for (const line of stderr.split('\n')) {
    const code = /^rewind: (\w+) (\d+)$/.exec(line);
    if (code !== null) codes.set(code[1] ?? '', Number(code[2]));
    else if (line !== '') messages.push(line);
  }
  return { exitCode, codes, messages };
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
