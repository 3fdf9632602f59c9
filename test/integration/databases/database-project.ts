import { readdirSync } from 'node:fs';
import type { RunOutcome } from '../../e2e/installed.ts';
import { TestProject } from '../project.ts';

/** What a command said of one database while it dumped or loaded it. */
interface Watched {
  /** Its result. */
  document: any;
  /** All that it wrote. */
  said: string;
  /** The progress of the last time, one report after the other. */
  bytes: number[];
  /** Tables that were at hand. */
  tables: string[];
}

/** A project with a database: what is done with every kind of them. */
export abstract class DatabaseProject extends TestProject {
  /** A restore point, as its manifest describes it. */
  async backup(...args: string[]): Promise<any> {
    const { exitCode, document } = await this.json(['backup', ...args]);
    if (exitCode !== 0) throw new Error(JSON.stringify(document));
    return document;
  }

  async restore(id: string, ...args: string[]): Promise<{ exitCode: number; document: any }> {
    return this.json(['restore', id, '--yes', ...args]);
  }

  /** Runs a command and listens to what its progress says of the database `key` while it is dumped or loaded. */
  async watch(args: string[], key: string): Promise<Watched> {
    const { stdout, stderr } = await this.must([...args, '--json', '--progress', 'json']);
    let bytes: number[] = [];
    const tables = new Set<string>();
    let isMoving = false;
    for (const line of stderr.split('\n').filter((each) => each.startsWith('{'))) {
      const { event, kind, name, done, detail } = JSON.parse(line);
      if (event === 'started') {
        isMoving = kind === 'dump-databases' || kind === 'load-databases';
        if (isMoving) bytes = [];
      }
      if (event !== 'progress' || name !== key || !isMoving) continue;
      bytes.push(done);
      if (detail !== undefined) tables.add(detail);
    }
    return { document: JSON.parse(stdout), said: stdout + stderr, bytes, tables: [...tables] };
  }

  /** When each database of a point was dumped, as `inspect` says: in milliseconds, and within a command that ran then. */
  async dumpTimes(
    id: string,
    command: { from: number; to: number },
  ): Promise<{ key: string; taken: number; finished: number }[]> {
    const { document } = await this.json(['inspect', id]);
    const times = document.databases.map(({ key, takenAt, finishedAt }: any) => ({
      key,
      taken: Date.parse(takenAt),
      finished: Date.parse(finishedAt),
    }));
    for (const { key, taken, finished } of times)
      if (!(command.from <= taken && taken <= finished && finished <= command.to))
        throw new Error(`${key}: ${taken} to ${finished} is not within ${command.from} to ${command.to}`);
    return times;
  }

  /** Journals and half restore points, which must not outlive a command that came to an end. */
  protected unfinished(): string[] {
    const list = (path: string): string[] => {
      try {
        return readdirSync(this.path(path)).map((name) => `${path}/${name}`);
      } catch {
        return [];
      }
    };
    return [...list('.rewind/journal'), ...list('.rewind/points').filter((name) => name.includes('partial'))];
  }

  protected succeed(outcome: RunOutcome): RunOutcome {
    if (outcome.exitCode !== 0)
      throw new Error(`exit ${outcome.exitCode}: ${`${outcome.stdout}${outcome.stderr}`.slice(-2000)}`);
    return outcome;
  }
}
