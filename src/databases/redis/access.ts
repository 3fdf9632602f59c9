import { setTimeout as delay } from 'node:timers/promises';
import { jsonAnswer } from '../../docker/answer.ts';
import { inspectContainersArgv } from '../../docker/containers.ts';
import { engineError } from '../../docker/engine-error.ts';
import { execScriptArgv } from '../../docker/exec.ts';
import { messageOf, RewindError } from '../../errors.ts';
import type { EngineContext, Server } from '../engine.ts';
import { addressOf, credentialsOf, launchOf, settingsOfFile, type Credential } from './launch.ts';
import { READ_FILE } from './scripts.ts';
import { Session } from './session.ts';

/** How the client in a container gets to a server. */
export interface Access {
  container: string;
  /** Who runs the client in the container; undefined: the container's own user. */
  user?: string;
  /** Parameters of the scripts: how the secret is meant, the server's user, the client's options. */
  arguments: readonly string[];
  /** The first line of the scripts' standard input; may be a secret. */
  secretLine: string;
}

const STARTING_MS = 20_000;
const POLL_MS = 250;

interface Inspected {
  Path: string;
  Args: string[];
  Config: { Env?: string[] | null };
}

/**
 * Connects to a server with what its container knows: its command line, its configuration file, its environment
 * and the files that these name. Throws NO_ACCESS (exit 4).
 */
export async function openSession(
  server: Server,
  context: EngineContext,
): Promise<{ access: Access; session: Session }> {
  const { runner, signal } = context;
  const inspected = await runner.run(inspectContainersArgv([server.container]), { signal });
  if (signal.aborted) throw signal.reason;
  if (inspected.exitCode !== 0) throw engineError(inspected, `looking at ${server.service}`);
  const [{ Path, Args, Config }] = jsonAnswer<[Inspected]>(inspected.stdout, 'the server’s container');
  const environment = new Map((Config.Env ?? []).map((entry) => splitAt(entry, entry.indexOf('='))));
  const launch = launchOf([Path, ...Args]);
  const settings = new Map([...(await fileSettings(server, launch.configFile, context)), ...launch.settings]);
  const address = addressOf(settings, environment);
  if (address === undefined) {
    throw noAccess(
      server,
      'it listens to TLS only',
      'Let it listen to a Unix socket (unixsocket), or to port 6379 on 127.0.0.1',
    );
  }
  let refusal: unknown;
  const begun = performance.now();
  const candidates = credentialsOf(settings, environment);
  for (let index = 0; index < candidates.length;) {
    const access = accessWith(server.container, candidates[index] as Credential, address);
    const session = new Session(access, context);
    try {
      await session.ask('PING');
      return { access, session };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      // It knows us, and is busy.
      if (/: (LOADING|MASTERDOWN|BUSY|MISCONF)/.test(messageOf(error))) return { access, session };
      // A password that was refused says more than what a guess without one met.
      if (
        refusal === undefined ||
        (/WRONGPASS/.test(messageOf(error)) && !/WRONGPASS/.test(messageOf(refusal)))
      )
        refusal = error;
      await session.close();
      if (error instanceof RewindError && error.code === 'NO_CLIENT') break;
      // A container that has just been started runs before its server listens.
      const listens = !/could not connect/i.test(messageOf(error));
      if (listens || performance.now() - begun > STARTING_MS) index++;
      else await delay(POLL_MS, undefined, { signal });
    }
  }
  throw noAccess(
    server,
    messageOf(refusal),
    'Its container must know the password: --requirepass or its configuration file, REDIS_PASSWORD or REDIS_PASSWORD_FILE (with REDIS_USERNAME for a user of its own)',
  );
}

export function accessWith(
  container: string,
  { user, secret }: Credential,
  options: readonly string[],
): Access {
  return {
    container,
    arguments: [secret.kind, user ?? '', ...options],
    secretLine: `${secret.value}\n`,
  };
}

async function fileSettings(server: Server, path: string | undefined, { runner, signal }: EngineContext) {
  if (path === undefined) return [];
  const result = await runner.run(execScriptArgv(server.container, READ_FILE, [path]), { signal });
  return result.exitCode === 0 ? settingsOfFile(result.stdout) : [];
}

function splitAt(text: string, index: number): readonly [string, string] {
  return [text.slice(0, index), text.slice(index + 1)];
}

function noAccess(server: Server, why: string, hint: string): RewindError {
  return new RewindError('NO_ACCESS', `${server.service} cannot be reached in its container: ${why}`, {
    exit: 'refused',
    hint,
  });
}
