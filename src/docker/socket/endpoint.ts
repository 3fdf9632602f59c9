import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { dockerConfigDirectory, dockerSettings, type Env } from '../docker-config.ts';
import type { DockerGlobals } from '../runner.ts';

const DEFAULT_HOST = 'unix:///var/run/docker.sock';

// What changes how docker talks to its engine; with any of these it is left to docker.
const OTHER_WAYS = [
  'DOCKER_API_VERSION',
  'DOCKER_TLS_VERIFY',
  'DOCKER_CUSTOM_HEADERS',
  'REWIND_THROUGH_DOCKER',
];
const KNOWN_VALUES = ['--config', '--context', '--host', '--log-level'];

/**
 * The path of the Unix socket on which docker, called with these global flags in this environment, would reach its engine.
 * Undefined where the engine is reached in another way (TCP, TLS, SSH), or where that is not certain. The order is
 * docker's own: `--host`, `--context`, DOCKER_HOST, DOCKER_CONTEXT, the current context, the default socket.
 */
export function engineSocket(globals: DockerGlobals, env: Env): string | undefined {
  if (OTHER_WAYS.some((name) => (env[name] ?? '') !== '')) return undefined;
  const flags = new Map<string, string>();
  for (let at = 0; at < globals.length; at += 2) {
    if (globals[at] === '--debug') at -= 1;
    else if (KNOWN_VALUES.includes(globals[at] ?? '') && !flags.has(globals[at] ?? ''))
      flags.set(globals[at] ?? '', globals[at + 1] ?? '');
    else return undefined;
  }
  if (flags.has('--host') && flags.has('--context')) return undefined;
  try {
    return pathOf(hostOf(globals, flags, env));
  } catch {
    // A configuration that cannot be read is docker's to complain about.
    return undefined;
  }
}

function hostOf(globals: DockerGlobals, flags: ReadonlyMap<string, string>, env: Env): string | undefined {
  const directory = dockerConfigDirectory(globals, env);
  if (!isAbsolute(directory)) return undefined;
  const config = dockerSettings(directory);
  if (Object.keys(config.HttpHeaders ?? {}).length > 0) return undefined;
  const host = flags.get('--host');
  if (host !== undefined) return host;
  const ofEnvironment = env['DOCKER_HOST'] || undefined;
  const context =
    flags.get('--context') ??
    (ofEnvironment === undefined ? env['DOCKER_CONTEXT'] || config.currentContext || 'default' : 'default');
  return context === 'default' ? (ofEnvironment ?? DEFAULT_HOST) : hostOfContext(directory, context);
}

/** Docker keeps each context in a directory that is named by the SHA-256 of its name. */
function hostOfContext(directory: string, context: string): string | undefined {
  const digest = createHash('sha256').update(context).digest('hex');
  const meta = JSON.parse(readFileSync(join(directory, 'contexts', 'meta', digest, 'meta.json'), 'utf8')) as {
    Endpoints?: { docker?: { Host?: string } };
  };
  return meta.Endpoints?.docker?.Host;
}

function pathOf(host: string | undefined): string | undefined {
  const path = host?.startsWith('unix://') === true ? host.slice('unix://'.length) : '';
  return path.startsWith('/') ? path : undefined;
}
