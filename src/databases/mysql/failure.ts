import { isCutOff, type RunResult } from '../../docker/runner.ts';
import { RewindError } from '../../errors.ts';
import type { Server } from '../engine.ts';
import { NO_CLIENT, NOT_LET_IN } from './scripts.ts';

/**
 * The lines of a tool's messages that say something: no warnings about passwords, and not the statement that failed, which
 * the client repeats between two lines of dashes: it may hold rows and hashed passwords.
 */
export function reasons(stderr: string): string[] {
  let within = false;
  return stderr.split('\n').flatMap((text) => {
    const line = text.trim();
    if (/^-{10,}$/.test(line)) {
      within = !within;
      return [];
    }
    if (within || line === '' || /Using a password|Deprecated program name/i.test(line)) return [];
    return [line.replace(/'\*[0-9A-F]{40}'|\b0x24[0-9A-F]{20,}/gi, "'…'")];
  });
}

/** What a tool that failed in a server's container says. `doing`: what was being done, `loading a dump of db/shop`. */
export function failure(server: Server, result: RunResult, doing: string): RewindError {
  const { service, kind } = server;
  const lines = reasons(result.stderr);
  const said = lines.find((line) => /error/i.test(line)) ?? lines.at(-1);
  const why = (said ?? ended(result.exitCode)).replace(/^(?:mysql|mariadb)(?:-?dump)?: /, '');
  const name = kind === 'mysql' ? 'MySQL' : 'MariaDB';
  if (result.exitCode === NOT_LET_IN) {
    return new RewindError('CANNOT_CONNECT', `${service}: ${name} does not let us in: ${why}`, {
      exit: 'refused',
      details: lines.slice(0, 5),
      hint: `${prefix(server)}_ROOT_PASSWORD (or its _FILE) of ${service} must be root's password of today; the variable only sets that of a new data directory`,
    });
  }
  if (result.exitCode === NO_CLIENT) {
    return new RewindError('WRONG_CLIENT', `${service}: ${why}`, {
      exit: 'refused',
      hint: `Use an image that has ${name}'s own client and dump tool`,
    });
  }
  const code = isCutOff(result) ? 'CUT_OFF' : 'DATABASE_FAILED';
  return new RewindError(code, `${service}: ${doing} failed: ${why}`, {
    details: lines.slice(0, 10),
    ...(/ERROR 1205|Lock wait timeout/i.test(why)
      ? {
          hint: `Who holds a lock: docker compose exec ${service} sh -c 'mariadb -p -e "show full processlist"'`,
        }
      : {}),
  });
}

const ended = (code: number): string =>
  code === 137 || code === 143 ? 'the server or the tool was killed' : `exit code ${code}`;

export const prefix = ({ kind }: Server): string => (kind === 'mysql' ? 'MYSQL' : 'MARIADB');
