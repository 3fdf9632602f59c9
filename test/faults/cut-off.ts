import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dockerConfig } from '../e2e/installed.ts';
import { HELPER_IMAGE } from '../integration/volumes/data-project.ts';
import type { TestProject } from '../integration/project.ts';

/** Where a command is cut off: see cut.ts. */
export interface Cut {
  kind: 'journal' | 'stream' | 'file';
  moment: 'before' | 'torn' | 'after' | 'at';
  number: number;
}

/** How many of what can be cut off a command does. */
export type Writes = Readonly<Record<Cut['kind'], number>>;

export const cutText = ({ kind, moment, number }: Cut): string => `${kind}:${moment}:${number}`;

const HOOK = join(import.meta.dirname, 'cut.ts');

/** Runs a command with the hook that cuts it off; true where it really was killed. */
export async function cutOff(
  project: TestProject,
  args: readonly string[],
  cut: Cut,
  options: { watchdog?: 'killed' } = {},
): Promise<boolean> {
  const killed =
    options.watchdog === undefined ? {} : { REWIND_CUT_WATCHDOGS: project.path('.rewind/journal') };
  const child = spawn('docker', ['rewind', ...args], {
    cwd: project.directory,
    env: { ...process.env, ...(await hooked()), ...killed, REWIND_CUT: cutText(cut) },
    stdio: 'ignore',
    detached: true,
  });
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return signal === 'SIGKILL';
}

/** How many writes a command makes, by running it to its end. */
export async function writesOf(project: TestProject, args: readonly string[]): Promise<Writes> {
  const directory = mkdtempSync(join(tmpdir(), 'rewind-writes-'));
  const report = join(directory, 'count.json');
  try {
    const outcome = await project.rewind(args, { env: { ...(await hooked()), REWIND_CUT_COUNT: report } });
    if (outcome.exitCode !== 0) throw new Error(`exit ${outcome.exitCode}: ${outcome.stderr}`);
    return JSON.parse(readFileSync(report, 'utf8')) as Writes;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function hooked(): Promise<Record<string, string>> {
  return {
    DOCKER_CONFIG: await dockerConfig(),
    REWIND_HELPER_IMAGE: HELPER_IMAGE,
    NODE_OPTIONS: `--import=${HOOK} --disable-warning=ExperimentalWarning`,
  };
}
