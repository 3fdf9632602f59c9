import { RewindCommand } from '../../cli/base-command.ts';

export default class PluginInstall extends RewindCommand {
  static override summary = 'let docker find this plugin';

  async run(): Promise<object> {
    const { flags } = await this.parse(PluginInstall);
    this.log(`hello ${this.composeOptions(flags).files.join()}`);
    return {};
  }
}
