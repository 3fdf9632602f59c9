import { Flags } from '@oclif/core';
import { ChangingCommand } from '../cli/changing-command.ts';
import type { Recovered } from '../deployments/recover.ts';
import { SILENT } from '../plan/executor.ts';

export default class Recover extends ChangingCommand {
  static override summary = 'conclude what a crash cut off: finish it, or take it back';
  static override description =
    'Reads the journal that every changing command writes before its first step. Idempotent: without anything unfinished it does nothing.';
  static override examples = ['<%= config.bin %> recover --dry-run', '<%= config.bin %> recover'];
  static override exitCodes = {
    done: 'nothing is unfinished any more',
    failed: 'failed',
    usage: 'wrong usage, or no Compose file',
    notUndone: 'something cannot be put back yet; the message says what',
    locked: 'another command is at work in this project',
  } as const;
  static override flags = {
    yes: Flags.boolean({ char: 'y', description: 'do not ask (recover never does)', hidden: true }),
  };

  protected override readonly untouched = 'What was cut off is not concluded yet';

  async run(): Promise<object> {
    const { flags } = await this.parse(Recover);
    const [{ withLock }, { recover, recoveryOf }, { unfinishedJournals }, { progressFor }] =
      await Promise.all([
        import('../deployments/session.ts'),
        import('../deployments/recover.ts'),
        import('../plan/journal.ts'),
        import('../ui/progress.ts'),
      ]);
    return withLock(this.session('recover', flags), async (stateDirectory) => {
      const unfinished = await unfinishedJournals(stateDirectory);
      if (flags['dry-run']) return this.report(unfinished.map(recoveryOf), true);
      const recovered: Recovered[] = [];
      for (const entry of unfinished) {
        const progress = entry.plan === undefined ? undefined : await progressFor(this.terminal, entry.plan);
        try {
          recovered.push(await recover(this.runner, stateDirectory, progress ?? SILENT, entry));
        } finally {
          await progress?.close();
        }
      }
      return this.report(recovered, false);
    });
  }

  private report(recovered: Recovered[], dryRun: boolean): object {
    if (recovered.length === 0) this.log('nothing is unfinished');
    const would = dryRun ? 'would be ' : '';
    for (const { command, deployment, outcome } of recovered) {
      const what =
        outcome === 'nothing'
          ? 'had changed nothing'
          : `${would}${outcome === 'finished' ? 'finished' : 'taken back'}`;
      this.log(`${[command, deployment].filter((word) => word !== '').join(' ')}: ${what}`);
    }
    return { dryRun, recovered };
  }
}
