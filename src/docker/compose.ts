import { composeArgs, type ComposeOptions } from '../compose/options.ts';
import type { Argv } from './runner.ts';

const compose = (options: ComposeOptions): ['docker', ...string[]] => [
  'docker',
  ...composeArgs(options),
  '--ansi',
  'never',
  '--progress',
  'plain',
];

/** The same project with every file named, so that one more can be added at the end of the chain. */
export function withOverride(
  scope: { project: string; directory: string; options: ComposeOptions; files: readonly string[] },
  file: string,
): ComposeOptions {
  return {
    ...scope.options,
    files: [...scope.files, file],
    projectName: scope.project,
    projectDirectory: scope.directory,
  };
}

export interface UpFlags {
  services: readonly string[];
  /** Wait until running or healthy. */
  wait: boolean;
  /** Replicas per service where they are not those of the file. */
  scale?: Readonly<Record<string, number>>;
  /** Leave dependencies alone even where Compose would replace them. */
  isolated: boolean;
  /** Create, do not start. */
  noStart?: boolean;
}

/**
 * `up` of these services. Every image is here by then, so nothing is built or pulled. `isolated` is kept for where it
 * is needed: without its dependencies a service gets another config hash (Compose 2.26), and whoever types
 * `docker compose up` later would see it replaced for nothing.
 */
export function upArgv(options: ComposeOptions, flags: UpFlags): Argv {
  return [
    ...compose(options),
    'up',
    ...(flags.noStart ? ['--no-start'] : ['--detach']),
    ...(flags.wait ? ['--wait'] : []),
    '--no-build',
    '--pull',
    'never',
    ...(flags.isolated ? ['--no-deps'] : []),
    ...Object.entries(flags.scale ?? {}).flatMap(([service, count]) => ['--scale', `${service}=${count}`]),
    '--',
    ...flags.services,
  ];
}

export function buildArgv(options: ComposeOptions, services: readonly string[]): Argv {
  return [...compose(options), 'build', '--', ...services];
}

export function stopArgv(options: ComposeOptions, services: readonly string[]): Argv {
  return [...compose(options), 'stop', '--', ...services];
}

export function removeArgv(options: ComposeOptions, services: readonly string[]): Argv {
  return [...compose(options), 'rm', '--stop', '--force', '--', ...services];
}

export function logsArgv(container: string, lines: number): Argv {
  return ['docker', 'container', 'logs', '--tail', String(lines), container];
}
