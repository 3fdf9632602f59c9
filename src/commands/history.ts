import { Flags } from '@oclif/core';
import { RewindCommand } from '../cli/base-command.ts';
import { scopedHistory } from '../deployments/history-scope.ts';
import { historyTable } from '../ui/deployment-text.ts';

export default class History extends RewindCommand {
  static override summary = 'what was deployed here, by whom and when, newest first';
  static override description =
    'Reads .rewind/history.jsonl; needs neither the engine nor, as a rule, Compose. A line that cannot be read is reported with its number and left as it is.';
  static override examples = ['<%= config.bin %> history', '<%= config.bin %> history --limit 5 --json'];
  static override exitCodes = {
    done: 'printed',
    failed: 'failed',
    usage: 'wrong usage, or no Compose file',
  } as const;
  static override flags = {
    limit: Flags.integer({ char: 'n', min: 1, helpValue: 'N', description: 'only the newest N' }),
  };

  async run(): Promise<object> {
    const { flags } = await this.parse(History);
    const where = { options: this.composeOptions(flags), cwd: process.cwd(), env: process.env };
    const { environment, project, deployments, problems } = await scopedHistory(this.runner, where);
    const newest = deployments.toReversed().slice(0, flags.limit);
    for (const problem of problems) {
      this.note(`.rewind/history.jsonl, line ${problem.line}: ${problem.reason}; the line is left as it is`);
    }
    if (newest.length === 0)
      this.note(`nothing was deployed in ${project} (${environment}) yet: docker rewind deploy`);
    else {
      const columns = process.stdout.isTTY ? this.terminal.columns : undefined;
      this.log(historyTable(newest, deployments, this.terminal, columns));
    }
    return { environment, project, deployments: newest, problems };
  }
}
