import type { ComposeOptions } from '../compose/options.ts';
import type { DockerGlobals, Runner } from '../docker/runner.ts';

/** `fail`: something that docker rewind needs is missing or broken. `warn`: good to know, works all the same. */
export type Status = 'ok' | 'warn' | 'fail';

/** What one check found, and what to do about it. */
export interface Finding {
  status: Status;
  message: string;
  hint?: string;
}

/** Where the checks look. */
export interface DoctorContext {
  runner: Runner;
  globals: DockerGlobals;
  options: ComposeOptions;
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  /** The directory of this installation. */
  root: string;
  node: { version: string; path: string };
}

/** One thing to look at. It may throw: that is a finding, too. */
export type Check = (context: DoctorContext) => Promise<Finding>;

export const ok = (message: string): Finding => ({ status: 'ok', message });
export const warn = (message: string, hint: string): Finding => ({ status: 'warn', message, hint });
export const fail = (message: string, hint: string): Finding => ({ status: 'fail', message, hint });
