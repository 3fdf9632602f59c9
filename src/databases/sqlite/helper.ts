import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { lastLine } from '../../docker/engine-error.ts';
import {
  HELPER_LABEL,
  insideHelper,
  mountOption,
  removeContainerArgv,
} from '../../docker/helper-container.ts';
import type { Argv } from '../../docker/runner.ts';
import { RewindError } from '../../errors.ts';
import type { EngineContext } from '../engine.ts';
import type { FileMount } from './mounts.ts';

// Reading a database in WAL mode means to take part in its locks, which are files: they get the database's owner.
const CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER'];

/** What a script said: lines for us by their first word, and everything else. */
export interface HelperReport {
  exitCode: number;
  said: ReadonlyMap<string, string[]>;
  message: string;
}

/** A container of the helper image that runs one script on some mounts and goes; its scratch space goes with it. */
export function helperArgv(
  image: string,
  name: string,
  mounts: readonly FileMount[],
  script: string,
  args: readonly string[],
  stdin: boolean,
): Argv {
  return [
    'docker', 'run', '--rm', ...(stdin ? ['--interactive'] : []), '--name', name,
    '--label', `${HELPER_LABEL}=${name}`, '--network', 'none', '--log-driver', 'none',
    '--cap-drop', 'ALL', ...CAPABILITIES.flatMap((capability) => ['--cap-add', capability]),
    '--security-opt', 'no-new-privileges', '--security-opt', 'label=disable',
    '--user', '0:0', '--workdir', '/', '--entrypoint', 'sh', '--pull', 'never',
    ...mounts.flatMap(({ slug, kind, source }) => [
      '--mount', mountOption({ type: kind, source, target: insideHelper(slug) }),
    ]),
    image, '-c', script, 'rewind', ...args,
  ]; // prettier-ignore
}

export const newHelperName = (): string => `rewind-sqlite-${randomBytes(6).toString('hex')}`;

/** Runs a script. Its own failure is in the report; a failure of ours is thrown. */
export async function runHelper<T = void>(
  request: {
    name: string;
    mounts: readonly FileMount[];
    script: string;
    args: readonly string[];
    input?: Readable;
    output?: (stdout: Readable) => Promise<T>;
    onSaid?: (word: string) => void;
  },
  context: EngineContext,
): Promise<{ report: HelperReport; value: T | undefined }> {
  const { runner, signal, helperImage } = context;
  if (helperImage === undefined) throw new RewindError('HELPER_FAILED', 'the helper image was not prepared');
  const said = new Map<string, string[]>();
  const messages: string[] = [];
  const { name, mounts, script, args, input, output } = request;
  const onLine = (line: string): void => {
    const [, word, rest = ''] = /^rewind: (\w+) ?(.*)$/.exec(line) ?? [];
    if (word === undefined) {
      if (line.trim() !== '') messages.push(line.trim());
      return;
    }
    said.set(word, [...(said.get(word) ?? []), rest]);
    request.onSaid?.(word);
  };
  const { result, value } = await runner.stream(
    helperArgv(helperImage, name, mounts, script, args, input !== undefined),
    {
      signal,
      onLine,
      ...(input === undefined ? {} : { input }),
      output: async (stdout) => ({
        taken: output === undefined ? void stdout.resume() : await output(stdout),
      }),
    },
  );
  if (said.has('tools')) {
    throw new RewindError('NEEDS_SQLITE', `the helper image ${helperImage} has no sqlite3 and zstd`, {
      exit: 'refused',
      hint: 'Set x-rewind.helper_image to an image that has sqlite3, GNU tar and zstd',
    });
  }
  const message = messages.at(-1) ?? lastLine(result);
  return { report: { exitCode: result.exitCode, said, message }, value: value?.taken as T | undefined };
}

/** Runs a script whose output is short, and which must succeed. */
export async function askHelper(
  request: { name: string; mounts: readonly FileMount[]; script: string; args: readonly string[] },
  doing: string,
  context: EngineContext,
): Promise<string> {
  const { report, value } = await runHelper(
    {
      ...request,
      output: async (stdout) => {
        const chunks: Buffer[] = [];
        for await (const chunk of stdout as AsyncIterable<Buffer>) chunks.push(chunk);
        return Buffer.concat(chunks).toString('utf8');
      },
    },
    context,
  );
  if (report.exitCode === 0 && value !== undefined) return value;
  throw helperFailed(doing, report);
}

export function helperFailed(doing: string, report: HelperReport): RewindError {
  const why = report.said.has('link') ? 'a link or a directory is in its place' : report.message;
  return new RewindError('HELPER_FAILED', `${doing} failed: ${why}`);
}

/** Ends a helper that an earlier, killed run may have left at work. */
export async function endHelper(name: string, { runner }: EngineContext): Promise<void> {
  await runner.run(removeContainerArgv(name));
}
