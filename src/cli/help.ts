import { CommandHelp, Help, type Command, type Config } from '@oclif/core';
import { ExitCode, type ExitCodeName } from '../errors.ts';
import type { ExitCodes } from './base-command.ts';

type Described = Command.Loadable & { exitCodes?: ExitCodes };

/** oclif's help of a command with one more section: its exit codes. */
class RewindCommandHelp extends CommandHelp {
  /** Without the flags, which are listed below anyway. */
  protected override defaultUsage(): string {
    return usageOf(this.command);
  }

  /** The summary stands at the top already. */
  protected override description(): string | undefined {
    return this.command.description === undefined ? undefined : this.wrap(this.command.description);
  }

  protected override sections(): ReturnType<CommandHelp['sections']> {
    const { exitCodes } = this.command as Described;
    const body = exitCodeLines(exitCodes ?? {});
    return [...super.sections(), { header: 'EXIT CODES', generate: () => body.join('\n') }];
  }
}

class RewindHelp extends Help {
  protected override CommandHelpClass = RewindCommandHelp;

  protected override async showRootHelp(): Promise<void> {
    await super.showRootHelp();
    this.log('docker rewind COMMAND --help describes one command.');
  }
}

/** `set-image IMAGE… [OPTIONS]`: what can be typed, with optional words in brackets. */
export function usageOf(command: Pick<Command.Cached, 'id' | 'args' | 'strict'>): string {
  const args = Object.values(command.args ?? {}).map(({ name, required, multiple }) => {
    const word = `${name.toUpperCase()}${multiple || command.strict === false ? '…' : ''}`;
    return required ? word : `[${word}]`;
  });
  return [command.id.replaceAll(':', ' '), ...args, '[OPTIONS]'].join(' ');
}

/** `0   done`, one line for each code, in the order of the numbers. */
export function exitCodeLines(exitCodes: ExitCodes): string[] {
  return Object.entries(exitCodes)
    .map(([name, meaning]) => [ExitCode[name as ExitCodeName], meaning] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([code, meaning]) => `${String(code).padEnd(4)}${meaning}`);
}

/** Prints the help of one command or topic, or of the whole program. */
export async function showHelp(config: Config, id: string | undefined): Promise<void> {
  const help = new RewindHelp(config, { docopts: true, flagSortOrder: 'none' });
  await help.showHelp(id === undefined ? [] : id.split(':'));
}
