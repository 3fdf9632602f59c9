import { RewindCommand } from '../cli/base-command.ts';
import { ExitCode } from '../errors.ts';
import { plain } from '../ui/plain.ts';
import { table } from '../ui/table.ts';

export default class StatusCommand extends RewindCommand {
  static override summary = 'compare what was deployed, what the Compose files say and what runs';
  static override examples = ['<%= config.bin %> status', '<%= config.bin %> status --json'];
  static override exitCodes = {
    done: 'all three agree',
    failed: 'failed: the engine cannot be reached',
    usage: 'wrong usage, or an invalid Compose file',
    partial: 'drift: they differ',
  } as const;

  async run(): Promise<object> {
    const { flags } = await this.parse(StatusCommand);
    const { status } = await import('../deployments/status.ts');
    const result = await status(this.runner, {
      options: this.composeOptions(flags),
      cwd: process.cwd(),
      env: process.env,
    });
    const { style } = this.terminal;
    const rows = Object.entries(result.services).map(([service, entry]) => [
      plain(service),
      plain(entry.recorded ?? 'never'),
      plain(entry.file ?? 'not there'),
      plain(
        [...new Set(entry.running.map((one) => `${one.image} (${one.health ?? one.state})`))].join(', ') ||
          'nothing',
      ),
      entry.drift.length > 0 ? { text: 'drift', paint: style.yellow } : { text: 'ok', paint: style.green },
    ]);
    const where = plain(`${result.project} (${result.environment})`);
    this.log(`${where}: ${result.current ?? 'nothing was deployed yet'}`);
    this.log(table(['SERVICE', 'RECORDED', 'FILE', 'RUNNING', ''], rows, { style }));
    for (const [service, entry] of Object.entries(result.services)) {
      for (const drift of entry.drift)
        this.log(`${style.yellow('drift')} ${plain(service)}: ${plain(drift.message)}`);
    }
    if (result.drift) this.exitWith(ExitCode.partial);
    return result;
  }
}
