import { Flags } from '@oclif/core';
import { ChangingCommand } from '../cli/changing-command.ts';
import type { Recovered } from '../deployments/recover.ts';
import { plain } from '../ui/plain.ts';

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
    interrupted: 'interrupted; what is not concluded yet still can be',
    terminated: 'told to stop; what is not concluded yet still can be',
  } as const;
  static override flags = {
    yes: Flags.boolean({ char: 'y', description: 'do not ask (recover never does)', hidden: true }),
  };

  protected override readonly untouched = 'What was cut off is not concluded yet';

  async run(): Promise<object> {
    const { flags } = await this.parse(Recover);
    const [{ withLock }, { recoveryOf }, { removeDeadLocks }, { unfinishedJournals }, { conclude }, texts] =
      await Promise.all([
        import('../deployments/session.ts'),
        import('../deployments/recover.ts'),
        import('../plan/engine-lock.ts'),
        import('../plan/journal.ts'),
        import('../cli/conclude.ts'),
        import('../ui/recovery-text.ts'),
      ]);
    return withLock(this.runner, this.session('recover', flags), async (session) => {
      const unfinished = await unfinishedJournals(session.stateDirectory);
      if (unfinished.length === 0) this.log('nothing is unfinished');
      const recovered: Recovered[] = [];
      if (flags['dry-run']) {
        recovered.push(...unfinished.map(recoveryOf));
        for (const each of recovered) {
          this.log(texts.recoveredLine(each, true));
          for (const { description } of each.steps) this.log(`  - ${plain(description)}`);
        }
        return { dryRun: true, recovered };
      }
      const { runner, terminal } = this;
      const context = {
        runner,
        terminal,
        signal: () => this.signal,
        note: (text: string) => this.note(text),
      };
      for (const entry of unfinished) {
        if (recovered.length > 0) this.signal.throwIfAborted();
        const concluded = await conclude(context, session, entry);
        recovered.push(concluded);
        this.log(texts.recoveredLine(concluded, false));
      }
      await removeDeadLocks(runner, session.stateDirectory);
      return { dryRun: false, recovered };
    });
  }
}
