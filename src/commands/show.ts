import { Args } from '@oclif/core';
import { RewindCommand } from '../cli/base-command.ts';
import { scopedHistory } from '../deployments/history-scope.ts';
import { findDeployment } from '../deployments/select.ts';
import { deploymentText } from '../ui/deployment-text.ts';

export default class Show extends RewindCommand {
  static override summary = 'one deployment in full';
  static override examples = ['<%= config.bin %> show v3'];
  static override exitCodes = {
    done: 'printed',
    failed: 'failed',
    usage: 'wrong usage, or no Compose file',
    refused: 'there is no such deployment',
  } as const;
  static override args = {
    deployment: Args.string({ required: true, description: 'the deployment, v12 or 12', ignoreStdin: true }),
  };

  async run(): Promise<object> {
    const { flags, args } = await this.parse(Show);
    const where = { options: this.composeOptions(flags), cwd: process.cwd(), env: process.env };
    const { deployments } = await scopedHistory(this.runner, where);
    const deployment = findDeployment(deployments, args.deployment);
    this.log(deploymentText(deployment, this.terminal.style));
    return deployment;
  }
}
