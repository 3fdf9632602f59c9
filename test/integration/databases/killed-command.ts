import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { dockerConfig } from '../../e2e/installed.ts';
import type { TestProject } from '../project.ts';
import { killSession } from '../session.ts';

/** What the progress says when a step begins. */
export const started = (kind: string): RegExp => new RegExp(`"event":"started".*"kind":"${kind}"`);

/** Runs a command as the leader of a session and hands on every line of its progress. Returns its exit code. */
export async function runWithProgress(
  project: TestProject,
  args: readonly string[],
  onLine: (line: string, leader: number) => void,
  onStart: (leader: number) => void = () => {},
): Promise<number | null> {
  const child = spawn('docker', ['rewind', ...args, '--progress', 'json'], {
    cwd: project.directory,
    env: { ...process.env, DOCKER_CONFIG: await dockerConfig() },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  const exit = once(child, 'exit') as Promise<[number | null]>;
  const leader = child.pid ?? 0;
  onStart(leader);
  for await (const line of createInterface({ input: child.stderr })) onLine(line, leader);
  const [exitCode] = await exit;
  return exitCode;
}

/**
 * Kills every process of a command, as a crash would: when its progress says so, or when `world` resolves. Whether it
 * came to that.
 */
export async function killedAt(
  project: TestProject,
  args: readonly string[],
  at: RegExp | (() => Promise<void>),
): Promise<boolean> {
  let reached = false;
  let over = false;
  const kill = (leader: number): void => {
    if (over || reached) return;
    reached = true;
    killSession(leader);
  };
  await runWithProgress(
    project,
    args,
    (line, leader) => {
      if (at instanceof RegExp && at.test(line)) kill(leader);
    },
    (leader) => {
      if (typeof at === 'function') void at().then(() => kill(leader));
    },
  );
  over = true;
  return reached;
}
