import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { dockerConfig } from '../../e2e/installed.ts';
import type { TestProject } from '../project.ts';
import { killSession } from '../session.ts';

/** What the progress says when a step begins. */
export const started = (kind: string): RegExp => new RegExp(`"event":"started".*"kind":"${kind}"`);

/**
 * Kills every process of a command, as a crash would: when its progress says so, or when `world` resolves. Whether it
 * came to that.
 */
export async function killedAt(
  project: TestProject,
  args: readonly string[],
  at: RegExp | (() => Promise<void>),
): Promise<boolean> {
  const child = spawn('docker', ['rewind', ...args, '--progress', 'json'], {
    cwd: project.directory,
    env: { ...process.env, DOCKER_CONFIG: await dockerConfig() },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  const exit = once(child, 'exit');
  let reached = false;
  const kill = (): void => {
    reached = true;
    killSession(child.pid ?? 0);
  };
  if (typeof at === 'function')
    void at().then(() => {
      if (child.exitCode === null) kill();
    });
  for await (const line of createInterface({ input: child.stderr })) {
    if (!reached && at instanceof RegExp && at.test(line)) kill();
  }
  await exit;
  return reached;
}
