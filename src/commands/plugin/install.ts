import { RewindCommand } from '../../cli/base-command.ts';
import { invocation } from '../../cli/invocation.ts';
import { installPluginLink, pluginPath, pluginTarget } from '../../plugin/link.ts';

export default class PluginInstall extends RewindCommand {
  static override summary = 'make the link that lets docker find this plugin';
  static override description =
    'Links ~/.docker/cli-plugins/docker-rewind (or the same below DOCKER_CONFIG) to this installation. ' +
    'A link to another installation is replaced; a file of somebody else is left alone.';
  static override examples = ['docker-rewind plugin install'];
  static override exitCodes = {
    done: 'the link is there',
    failed: 'it could not be made; nothing was changed',
    usage: 'wrong usage',
    refused: 'something else stands in its place; nothing was changed',
  };

  async run(): Promise<object> {
    const { flags } = await this.parse(PluginInstall);
    const dryRun = flags['dry-run'];
    const path = pluginPath(invocation().globals, process.env, process.cwd());
    const change = await installPluginLink(path, pluginTarget(this.config.root), dryRun);
    const would = dryRun ? 'would be ' : '';
    if (change.action === 'unchanged') this.log(`${path} already leads here: nothing to do`);
    else this.log(`${path} → ${change.target} ${would}${change.action}`);
    if (change.before !== null) this.log(`(it led to ${change.before})`);
    if (!dryRun) this.log('Try it: docker rewind --help');
    return { ...change, dryRun };
  }
}
