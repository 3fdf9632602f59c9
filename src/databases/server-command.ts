import type { ServiceModel } from '../compose/project.ts';
import type { EngineKind } from './engine.ts';

const SERVERS: Readonly<Partial<Record<EngineKind, readonly string[]>>> = {
  postgres: ['postgres', 'postmaster'],
  mysql: ['mysqld', 'mysqld_safe'],
  mariadb: ['mariadbd', 'mariadbd-safe', 'mysqld', 'mysqld_safe'],
  redis: ['redis-server', 'valkey-server'],
};

// What else such an image is used for: a client, a job, a container that only waits to be entered.
const NO_SERVERS =
  /^(?:psql|pg_\w+|pgbench|createdb|mysql|mysqldump|mysqladmin|mariadb|mariadb-\w+|(?:redis|valkey)-(?:cli|benchmark)|sleep|tail|cat|true|crond?)$/;
const SHELLS = /^(?:sh|bash|ash|dash)$/;

/**
 * Whether a service of such an image runs its server. Its command may be another one: a client, or a job. Where that cannot
 * be told it is taken for a server: a failure is seen, a database that was left out is not.
 */
export function runsServer(kind: EngineKind, model: ServiceModel): boolean {
  const words = [...wordsOf(model['entrypoint']), ...wordsOf(model['command'])];
  const [first] = words;
  if (first === undefined || first.startsWith('-')) return true;
  const program = nameOf(first);
  if (NO_SERVERS.test(program)) return false;
  const script = SHELLS.test(program) ? shellText(words) : undefined;
  return script === undefined || startsServer(script, SERVERS[kind] ?? []);
}

/** The text behind `-c`, in front of which other flags may stand or be part of it: `-ec`. */
function shellText(words: readonly string[]): string | undefined {
  const at = words.findIndex((word) => /^-[a-z]*c$/.test(word));
  return at < 0 ? undefined : words[at + 1];
}

/** Whether a program stands where a shell runs it, or as what another program is to run: `exec gosu postgres postgres`. */
function startsServer(script: string, programs: readonly string[]): boolean {
  const path = '(?:\\S*/)?';
  const runs = new RegExp(
    `(?:^|[;&|(\\n]|\\b(?:exec|then|do|else))\\s*(?:(?:gosu|su-exec|setpriv)\\s[^;&|\\n]*\\s)?${path}(?:${programs.join('|')})(?=[\\s;&|)]|$)`,
  );
  return (
    /(?:^|[\s/])(?:docker-)?entrypoint(?:\.sh)?(?=\s|$)|(?:^|\s)\/opt\/bitnami\/scripts\//.test(script) ||
    runs.test(script)
  );
}

const wordsOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const nameOf = (path: string): string => path.split('/').at(-1) ?? '';
