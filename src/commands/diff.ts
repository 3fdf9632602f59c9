import { Args } from '@oclif/core';
import { RewindCommand } from '../cli/base-command.ts';
import { diffDeployments } from '../deployments/diff.ts';
import { scopedHistory } from '../deployments/history-scope.ts';
import { currentDeployment, findDeployment } from '../deployments/select.ts';
import { plain } from '../ui/plain.ts';
import { table } from '../ui/table.ts';

export default class Diff extends RewindCommand {
  static override summary = 'what two deployments ran differently';
  static override examples = ['<%= config.bin %> diff v3 v5', '<%= config.bin %> diff v3'];
  static override exitCodes = {
    done: 'printed',
    failed: 'failed',
    usage: 'wrong usage, or no Compose file',
    refused: 'there is no such deployment',
  } as const;
  static override args = {
    before: Args.string({ required: true, description: 'a deployment, v12 or 12', ignoreStdin: true }),
    after: Args.string({ description: 'the other one (the current one)', ignoreStdin: true }),
  };

  async run(): Promise<object> {
    const { flags, args } = await this.parse(Diff);
    const where = { options: this.composeOptions(flags), cwd: process.cwd(), env: process.env };
    const { deployments } = await scopedHistory(this.runner, where);
    const before = findDeployment(deployments, args.before);
    const after =
      args.after === undefined
        ? (currentDeployment(deployments) ?? before)
        : findDeployment(deployments, args.after);
    const services = diffDeployments(before, after);
    const rows = Object.entries(services).map(([service, difference]) => [
      plain(service),
      plain(difference.before?.image ?? 'not there'),
      plain(difference.after?.image ?? 'not there'),
      difference.before?.image === difference.after?.image ? 'same name, other image' : '',
    ]);
    const { style } = this.terminal;
    if (rows.length === 0) this.log(`${before.id} and ${after.id} ran the same images`);
    else this.log(table(['SERVICE', before.id.toUpperCase(), after.id.toUpperCase(), ''], rows, { style }));
    return { before: before.id, after: after.id, services };
  }
}
