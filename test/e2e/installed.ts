import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { buildWhenStale, ROOT } from './build.ts';
import { TtySession } from './tty-session.ts';

export { ROOT } from './build.ts';
export { KEYS, type TtySession } from './tty-session.ts';

/** The plugin's executable in the checkout. */
export const SHIM = join(ROOT, 'bin', 'docker-rewind');

export interface RunSettings {
  cwd?: string;
  /** Added to the process environment; undefined removes a variable. */
  env?: Record<string, string | undefined>;
  /** Standard input; empty by default. */
  input?: string;
  signal?: AbortSignal;
  /** Another user and group than those of the tests, which only root may choose. */
  as?: { uid: number; gid: number };
  /** Is given the way to signal the program once it runs. */
  started?: (kill: (signal: NodeJS.Signals) => void) => void;
}

export interface RunOutcome {
  exitCode: number;
  stdout: string;
  stderr: string;
}

// What the machine that runs the tests may have set must not change what they see.
const NEUTRAL: Record<string, string | undefined> = {
  CI: undefined,
  NO_COLOR: undefined,
  FORCE_COLOR: undefined,
  CLICOLOR: undefined,
  CLICOLOR_FORCE: undefined,
  COMPOSE_PROGRESS: undefined,
  COMPOSE_ANSI: undefined,
  // The image that docker rewind builds for itself comes from a registry, which is not always there.
  REWIND_HELPER_IMAGE: 'rewind-test/helper:1',
};

let config: string | undefined;

/** A DOCKER_CONFIG of this process with the plugin linked into it; everything else in it is the user's own. */
export async function dockerConfig(): Promise<string> {
  if (config !== undefined) return config;
  await buildWhenStale();
  config = mkdtempSync(join(tmpdir(), 'docker-rewind-config-'));
  const directory = config;
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  linkAll(process.env['DOCKER_CONFIG'] ?? join(homedir(), '.docker'), directory, ['cli-plugins']);
  mkdirSync(join(directory, 'cli-plugins'));
  const own = join(process.env['DOCKER_CONFIG'] ?? join(homedir(), '.docker'), 'cli-plugins');
  linkAll(own, join(directory, 'cli-plugins'), ['docker-rewind']);
  symlinkSync(SHIM, join(directory, 'cli-plugins', 'docker-rewind'));
  return directory;
}

function linkAll(from: string, to: string, except: readonly string[]): void {
  if (!existsSync(from)) return;
  for (const name of readdirSync(from))
    if (!except.includes(name)) symlinkSync(join(from, name), join(to, name));
}

/** `docker rewind ARGS…`. */
export async function rewind(args: readonly string[], settings: RunSettings = {}): Promise<RunOutcome> {
  return docker(['rewind', ...args], settings);
}

/** `docker ARGS…` where the plugin is installed: for docker's own flags in front of `rewind`, and for set-up. */
export async function docker(args: readonly string[], settings: RunSettings = {}): Promise<RunOutcome> {
  return run('docker', args, { ...settings, env: { DOCKER_CONFIG: await dockerConfig(), ...settings.env } });
}

/** Any program, in the same neutral environment. */
export async function run(
  program: string,
  args: readonly string[],
  settings: RunSettings = {},
): Promise<RunOutcome> {
  const running = execa(program, args, {
    reject: false,
    stripFinalNewline: false,
    extendEnv: false,
    // A command that is told to end has some time to give back what it took.
    forceKillAfterDelay: 120_000,
    env: environment(settings.env),
    ...(settings.input === undefined ? { stdin: 'ignore' as const } : { input: settings.input }),
    ...(settings.cwd === undefined ? {} : { cwd: settings.cwd }),
    ...(settings.signal === undefined ? {} : { cancelSignal: settings.signal }),
    ...settings.as,
  });
  settings.started?.((signal) => running.kill(signal));
  const result = await running;
  if (result.exitCode === undefined && result.signal === undefined) throw result;
  return { exitCode: result.exitCode ?? 128, stdout: result.stdout, stderr: result.stderr };
}

/** `docker rewind ARGS…` on a pseudo-terminal. */
export async function rewindTty(
  args: readonly string[],
  settings: Omit<RunSettings, 'input' | 'signal'> & { columns?: number; rows?: number } = {},
): Promise<TtySession> {
  const env = environment({ DOCKER_CONFIG: await dockerConfig(), TERM: 'xterm-256color', ...settings.env });
  return new TtySession('docker', ['rewind', ...args], {
    env,
    cwd: settings.cwd ?? process.cwd(),
    columns: settings.columns ?? 120,
    rows: settings.rows ?? 40,
    ...settings.as,
  });
}

function environment(changes: Record<string, string | undefined> = {}): Record<string, string> {
  const merged = { ...process.env, ...NEUTRAL, ...changes };
  return Object.fromEntries(
    Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
