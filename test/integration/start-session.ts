import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dockerConfig } from '../e2e/installed.ts';

/** A program that leads a session of its own. */
export interface LeadingProgram {
  leader: number;
  exit: Promise<unknown[]>;
}

/** Starts a program that leads a session of its own, in which killSession finds all that it starts. */
export async function startSession(
  [program = '', ...args]: readonly string[],
  { cwd, env }: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<LeadingProgram> {
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, DOCKER_CONFIG: await dockerConfig(), ...env },
    stdio: 'ignore',
    detached: true,
  });
  return { leader: child.pid ?? 0, exit: once(child, 'exit') };
}
