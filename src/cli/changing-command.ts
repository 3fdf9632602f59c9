import type { SessionOptions } from '../deployments/session.ts';
import type { ComposeOptions } from '../compose/options.ts';
import { RewindCommand } from './base-command.ts';
import type { DeploymentContext } from './finish-deployment.ts';

/** A command that changes something: it takes the lock, asks, and goes back when it fails. */
export abstract class ChangingCommand extends RewindCommand {
  static override changes = true;

  /** `argv` goes into the lock for others to read: only the verb, since arguments may hold secrets. */
  protected session(verb: string, flags: { 'dry-run': boolean }): SessionOptions {
    const options: ComposeOptions = this.composeOptions(flags);
    return {
      where: { options, cwd: process.cwd(), env: process.env },
      command: verb,
      dryRun: flags['dry-run'],
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
