import { RewindCommand } from '../cli/base-command.ts';

export default class List extends RewindCommand {
  static override summary = 'the restore points of this project, newest first';
  static override description =
    'A restore point that cannot be read is named with the reason. Needs no engine.';
  static override examples = ['<%= config.bin %> list', '<%= config.bin %> list --json'];
  static override exitCodes = {
    done: 'printed',
    failed: 'failed',
    usage: 'wrong usage, or no Compose file',
    partial: 'printed, but a restore point is damaged',
  } as const;

  async run(): Promise<object> {
    const { flags } = await this.parse(List);
    const where = { options: this.composeOptions(flags), cwd: process.cwd(), env: process.env };
    const [{ observeProject }, { pointsOf }, { pointTable }] = await Promise.all([
      import('../deployments/observation.ts'),
      import('../restore-points/find.ts'),
      import('../ui/point-text.ts'),
    ]);
    const { config, scope } = await observeProject(this.runner, where);
    const { points, problems } = await pointsOf(config, scope);
    for (const { error } of problems) this.note(error.message);
    if (points.length === 0)
      this.note(`there is no restore point of ${scope.project} yet: docker rewind backup`);
    else
      this.log(
        pointTable(points, this.terminal.style, process.stdout.isTTY ? this.terminal.columns : undefined),
      );
    if (problems.length > 0) this.exitWith(3);
    return {
      environment: scope.environment,
      project: scope.project,
      points,
      problems: problems.map(({ id, error }) => ({ id, message: error.message })),
    };
  }
}
