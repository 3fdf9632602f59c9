import { RewindCommand } from '../../cli/base-command.ts';
import { invocation } from '../../cli/invocation.ts';
import { pluginPath, pluginTarget, removePluginLink } from '../../plugin/link.ts';

export default class PluginRemove extends RewindCommand {
  static override summary = 'take away the link that lets docker find this plugin';
  static override description = 'The program itself stays installed: docker-rewind goes on working.';
  static override examples = ['docker-rewind plugin remove'];
  static override exitCodes = {
    done: 'there is no link any more',
    failed: 'it could not be removed',
    usage: 'wrong usage',
    refused: 'something else stands in its place; nothing was changed',
  };

  async run(): Promise<object> {
    const { flags } = await this.parse(PluginRemove);
    const dryRun = flags['dry-run'];
    const path = pluginPath(invocation().globals, process.env, process.cwd());
    const change = await removePluginLink(path, pluginTarget(this.config.root), dryRun);
    if (change.action === 'absent') this.log(`${path} is not there: nothing to do`);
    else this.log(`${path} → ${change.before} ${dryRun ? 'would be ' : ''}removed`);
    return { ...change, dryRun };
  }
}
