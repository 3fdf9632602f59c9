import { Flags } from '@oclif/core';
import type { SessionOptions } from '../deployments/session.ts';
import type { ComposeOptions } from '../compose/options.ts';
import { parseDuration } from '../duration.ts';
import { ExitCode, RewindError, withState } from '../errors.ts';
import { holderText } from '../plan/lock-holder.ts';
import { monotonicMs } from '../plan/monotonic.ts';
import { plain } from '../ui/plain.ts';
import { RewindCommand } from './base-command.ts';
import type { DeploymentContext } from './finish-deployment.ts';
import { BASE_FLAGS } from './flags.ts';
import { beforeLeaving } from './interrupt.ts';

/** A command that changes something: it takes the lock, asks, and goes back when it fails. */
export abstract class ChangingCommand extends RewindCommand {
  static override baseFlags = {
    ...BASE_FLAGS,
    'lock-wait': Flags.string({
      helpValue: 'DURATION',
      description: 'wait this long for another command that is at work (60s, 5m)',
    }),
  };
  static override changes = true;
  /** What is so when the command failed before it carried anything out. */
  protected readonly untouched: string = 'Nothing was changed';

  #begun = false;

  /** Taken when a plan is about to be carried out. */
  protected override get signal(): AbortSignal {
    this.#begun = true;
    return super.signal;
  }

  /** Somebody who reads an error at night wants to know what state everything is in. */
  protected override async catch(thrown: unknown): Promise<void> {
    const silent =
      thrown instanceof RewindError &&
      thrown.state === undefined &&
      thrown.exitCode === ExitCode.failed &&
      !/nothing was changed/i.test(`${thrown.message} ${thrown.hint ?? ''}`);
    return super.catch(silent && !this.#begun ? withState(thrown, 'unchanged', this.untouched) : thrown);
  }

  /**
   * `verb` goes into the lock for others to read: nothing else does, since arguments may hold secrets. `load` is called while
   * Compose is at work, for the modules that are needed later.
   */
  protected session(
    verb: string,
    flags: { 'dry-run': boolean; 'lock-wait'?: string | undefined },
    load?: () => Promise<unknown>,
  ): SessionOptions {
    const options: ComposeOptions = this.composeOptions(flags);
    return {
      where: {
        options,
        cwd: process.cwd(),
        env: process.env,
        // Whoever needs them hears why they could not be loaded.
        ...(load === undefined ? {} : { meanwhile: () => void load().catch(() => {}) }),
      },
      command: verb,
      dryRun: flags['dry-run'],
      wait: {
        until: monotonicMs() + waitOf(flags['lock-wait']),
        onWait: (holder) =>
          this.note(`waiting for ${holder === undefined ? 'the lock' : plain(holderText(holder))}`),
      },
      beforeLeaving,
      interactive: this.terminal.interactive && !this.jsonEnabled(),
      conclude: async (session, unfinished, ask) => {
        const { concludeFirst } = await import('./conclude.ts');
        const { runner, terminal } = this;
        const context = {
          runner,
          terminal,
          signal: () => this.signal,
          note: (text: string) => this.note(text),
        };
        return concludeFirst(context, session, unfinished, ask);
      },
    };
  }

  protected deploymentContext(flags: { 'dry-run': boolean; yes: boolean }): DeploymentContext {
    return {
      runner: this.runner,
      terminal: this.terminal,
      signal: () => this.signal,
      log: (text) => this.log(text),
      note: (text) => this.note(text),
      dryRun: flags['dry-run'],
      yes: flags.yes,
    };
  }
}

function waitOf(text: string | undefined): number {
  if (text === undefined) return 0;
  const milliseconds = parseDuration(text);
  if (milliseconds !== undefined) return milliseconds;
  throw new RewindError('USAGE', `--lock-wait: "${text}" is no duration`, {
    exit: 'usage',
    hint: 'Write --lock-wait 60s, or 1m30s',
  });
}
