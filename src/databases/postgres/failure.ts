import { isCutOff, type RunResult } from '../../docker/runner.ts';
import { RewindError } from '../../errors.ts';
import type { Server } from '../engine.ts';
import { NOT_LET_IN, WRONG_CLIENT } from './scripts.ts';

/** Lines of --verbose, which tell nothing of a failure. */
const PROGRESS =
  /^pg_(?:dump|restore|dumpall): (?!error|warning|detail|hint|fatal)|^rewind-(?:exit|bytes) |^\s*$/i;

/** What a tool wrote on its standard error when it failed, without the statements, which may hold data or secrets. */
export function reasons(stderr: string): string[] {
  const lines: string[] = [];
  for (const line of stderr.split('\n')) {
    if (/Command was:|^STATEMENT:|^LINE \d+:/i.test(line)) break;
    if (!PROGRESS.test(line)) lines.push(line.trim());
  }
  return lines;
}

/** The error of something that failed in a server's container. */
export function failure({ service }: Server, result: RunResult, doing: string): RewindError {
  const lines = reasons(result.stderr);
  const said = lines.find((line) => /error|fatal/i.test(line)) ?? lines.at(-1);
  const why = (said ?? `exit code ${result.exitCode}`)
    .replace(/^(?:psql|pg_\w+):\s*(?:<stdin>:\d+:\s*)?/, '')
    .replace(/^error:\s*/i, '');
  if (result.exitCode === NOT_LET_IN) {
    return new RewindError('CANNOT_CONNECT', `${service}: PostgreSQL does not let us in: ${why}`, {
      exit: 'refused',
      details: lines.slice(0, 5),
      hint: `POSTGRES_USER and POSTGRES_PASSWORD (or their _FILE) of ${service} must be those of a role that may read everything; the variable only sets the password of a new data directory`,
    });
  }
  if (result.exitCode === WRONG_CLIENT) {
    return new RewindError('WRONG_CLIENT', `${service}: ${why}`, {
      exit: 'refused',
      hint: 'Use an image whose pg_dump and psql are of the version of its server',
    });
  }
  const code = isCutOff(result) ? 'CUT_OFF' : 'DATABASE_FAILED';
  return new RewindError(code, `${service}: ${doing} failed: ${why}`, {
    details: lines.slice(0, 10),
  });
}
