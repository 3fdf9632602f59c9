import { PassThrough, type Readable } from 'node:stream';
import { RewindError } from '../../errors.ts';
import { scriptArgv, type Access } from './client.ts';
import { failure } from './failure.ts';
import { DUMP } from './scripts.ts';

/** What all runs of the dump tool have in common; what the container's own option files say does not count. */
const COMMON = [
  '--hex-blob', '--comments', '--no-create-db', '--no-tablespaces', '--skip-lock-tables', '--extended-insert',
  '--skip-add-locks', '--quote-names', '--set-charset', '--tz-utc', '--add-drop-table',
]; // prettier-ignore
/** Not known to every version. */
const MYSQL_ONLY = ['--loose-set-gtid-purged=OFF', '--loose-column-statistics=0'];

/** The output ended too early: the tool says why. */
export class CutOff extends RewindError {
  constructor(what: string) {
    super('DUMP_FAILED', `${what} was cut off before its end`);
  }
}

/**
 * Runs the dump tool and hands its output on. Throws where the tool fails, with what it says, and where `output` does.
 * Whether the output is whole is for `output` to see: it throws CutOff.
 */
export async function runTool<T>(
  access: Access,
  options: readonly string[],
  { doing, output }: { doing: string; output: (stdout: Readable) => Promise<T> },
): Promise<T> {
  const { server, context } = access;
  // Nothing is fed; it only tells the script that we are there.
  const input = new PassThrough();
  const args = [...(server.kind === 'mysql' ? MYSQL_ONLY : []), ...COMMON, ...options];
  const { result, value } = await context.runner.stream(scriptArgv(access, DUMP, args, true), {
    input,
    signal: context.signal,
    output: async (stdout) => {
      try {
        return { whole: await output(stdout) };
      } catch (error) {
        if (!(error instanceof CutOff)) throw error;
        return { cut: error };
      } finally {
        stdout.resume();
        input.end();
      }
    },
  });
  if (value !== undefined && 'whole' in value && result.exitCode === 0) return value.whole;
  if (value !== undefined && 'cut' in value && result.exitCode === 0) {
    throw new RewindError('DUMP_FAILED', `${server.service}: ${value.cut.message}`, {
      hint: `docker compose logs ${server.service} may say why; so may the dump tool in it`,
    });
  }
  throw failure(server, result, doing);
}
