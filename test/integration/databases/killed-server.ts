import { expect } from 'chai';
import type { TestProject } from '../project.ts';
import { runWithProgress } from './killed-command.ts';

/** More points than the usual few, for a thorough run. */
const POINTS = Number(process.env['REWIND_TEST_POINTS'] ?? 3);

/** A database with data of before (`old`, in a restore point) and of today (`live`). */
export interface Mortal {
  project: TestProject;
  /** The service whose server is killed. */
  service: string;
  restore: () => string[];
  /** Runs the server again where it does not, and waits for it. */
  up: () => Promise<void>;
  /** Throws unless the data is that of before or of today, whole, and nothing else is there. Makes it live again. */
  isWhole: (what: string) => Promise<'old' | 'live'>;
}

/** Runs a command and calls `act` at its Nth line of progress. Returns its exit code and how many lines there were. */
export async function atLine(
  project: TestProject,
  args: readonly string[],
  line: number,
  act: (leader: number) => unknown,
): Promise<{ exitCode: number | null; lines: number }> {
  let lines = 0;
  let acted: unknown;
  const exitCode = await runWithProgress(project, args, (_, leader) => {
    lines += 1;
    if (lines === line) acted = act(leader);
  });
  await acted;
  return { exitCode, lines };
}

/** Lines of progress, evenly distributed, at which something is killed. */
export const spread = (lines: number): number[] =>
  Array.from({ length: POINTS }, (_, index) => Math.max(1, Math.round(((index + 0.5) * lines) / POINTS)));

/** Kills the server at any time of a dump: the dump is done or none, and the data is there. */
export async function outlivesDumps({ project, service, isWhole }: Mortal): Promise<void> {
  const count = async (): Promise<number> => (await project.json(['list'])).document.points.length;
  const { lines } = await atLine(project, ['backup'], 0, () => {});
  for (const line of spread(lines)) {
    const points = await count();
    const { exitCode } = await atLine(project, ['backup'], line, () =>
      project.docker(['compose', 'kill', service]),
    );
    expect((await count()) - points, `line ${line} of ${lines}, exit ${exitCode}`).to.equal(
      exitCode === 0 ? 1 : 0,
    );
    expect(await isWhole(`line ${line} of ${lines}`)).to.equal('live');
  }
}

/** Kills the server at any time of a restore: it runs again, with the data of before or of today as the exit code says. */
export async function outlivesRestores({ project, service, restore, up, isWhole }: Mortal): Promise<void> {
  const { lines } = await atLine(project, restore(), 0, () => {});
  await isWhole('undisturbed');
  for (const line of spread(lines)) {
    const what = `line ${line} of ${lines}`;
    const { exitCode } = await atLine(project, restore(), line, () =>
      project.docker(['compose', 'kill', service]),
    );
    if (exitCode === 0 || exitCode === 5) {
      // It died when all was done, or while the old data was dropped, or was not back in time: that is left to recover.
      await up();
      const { exitCode: recovered, document } = await project.json(['recover']);
      expect(recovered, `${what}: ${JSON.stringify(document)}`).to.equal(0);
    }
    const [server] = await project.containers(service);
    expect(server?.status, `${what}, exit ${exitCode}`).to.equal('running');
    expect(await isWhole(what)).to.equal(exitCode === 0 ? 'old' : 'live');
  }
}
