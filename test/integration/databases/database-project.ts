import { readdirSync } from 'node:fs';
import type { RunOutcome } from '../../e2e/installed.ts';
import { TestProject } from '../project.ts';

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

  override async remove(): Promise<void> {
    await this.docker(['compose', 'down', '-v', '--remove-orphans', '-t', '0']);
    await super.remove();
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
