import { lstatSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { dockerConfigDirectory, dockerSettings, type Env } from './docker-config.ts';
import { commandName } from './questions.ts';
import type { Argv, DockerGlobals } from './runner.ts';

// Where docker looks for plugins, after the user's own directory (docker/cli, cli-plugins/manager).
const SYSTEM_DIRECTORIES = [
  '/usr/local/lib/docker/cli-plugins',
  '/usr/local/libexec/docker/cli-plugins',
  '/usr/lib/docker/cli-plugins',
  '/usr/libexec/docker/cli-plugins',
];

// What docker adds to the others is asked for itself: `version` tells whether docker finds Compose at all.
const DIRECT = new Set(['config', 'up', 'stop', 'rm', 'build'].map((name) => `docker compose ${name}`));

/** A program with its arguments, and what is added to its environment (undefined: taken out of it). */
export interface Invocation {
  program: string;
  args: readonly string[];
  env: Env;
}

/**
 * A command of Compose as docker itself would start it: docker starts Compose twice, the first time to ask who it is. Undefined
 * for other command lines, and where it is not certain which Compose docker would start. No engine is asked.
 */
export function directCompose(argv: Argv, globals: DockerGlobals, env: Env): Invocation | undefined {
  if (!DIRECT.has(commandName(argv)) || (env['REWIND_THROUGH_DOCKER'] ?? '') !== '') return undefined;
  const program = composePlugin(dockerConfigDirectory(globals, env));
  if (program === undefined) return undefined;
  return {
    program,
    args: [...globals, ...argv.slice(1)],
    // The first one tells Compose that docker runs it; the second one is of the docker that runs us.
    env: { DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND: 'docker', DOCKER_CLI_PLUGIN_SOCKET: undefined },
  };
}

function composePlugin(config: string): string | undefined {
  if (!isAbsolute(config)) return undefined;
  try {
    if ((dockerSettings(config).cliPluginsExtraDirs ?? []).length > 0) return undefined;
  } catch {
    // A configuration that cannot be read is docker's to complain about.
    return undefined;
  }
  return [join(config, 'cli-plugins'), ...SYSTEM_DIRECTORIES]
    .map((directory) => join(directory, 'docker-compose'))
    .find((path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined);
}
