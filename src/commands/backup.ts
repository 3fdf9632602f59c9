import { Args, Flags } from '@oclif/core';
import { ChangingCommand } from '../cli/changing-command.ts';

export default class Backup extends ChangingCommand {
  static override summary =
    'take a restore point of the data: databases, volumes and mounted directories of the project';
  static override description =
    'Without names, everything that the project keeps. Databases are dumped by their own tools while they run. Archives volumes while the services run, then stops only those that write (or pauses them, or neither: x-rewind.volumes.NAME.mode), archives what changed meanwhile and has exactly those run again. A volume that did not change costs next to nothing; one that changed a little costs its changes.';
  static override examples = [
    '<%= config.bin %> backup',
    '<%= config.bin %> backup uploads db/shop',
    '<%= config.bin %> backup --dry-run',
  ];
  static override strict = false;
  static override exitCodes = {
    done: 'the restore point is there',
    failed: 'failed; no restore point was made, and what ran before runs',
    usage: 'wrong usage, or no such volume in the Compose files',
    refused: 'refused: too little space, no helper image, a database does not run; nothing was touched',
    notUndone: 'failed, and something could not be put back; recover says what to do',
    notFound: 'a volume does not exist in the engine',
    locked: 'another command is at work in this project',
    interrupted: 'interrupted (Ctrl-C), and everything is as it was before',
    terminated: 'told to stop (SIGTERM), and everything is as it was before',
  } as const;
  static override args = {
    name: Args.string({
      name: 'NAME',
      description:
        'a database service, one of its databases (db/shop), a volume or directory; all without a name',
      ignoreStdin: true,
    }),
  };
  static override flags = {
    parallel: Flags.integer({
      min: 1,
      max: 8,
      default: 2,
      helpValue: 'N',
      description: 'volumes at the same time',
    }),
    'no-counts': Flags.boolean({ description: 'do not count the rows of databases' }),
    mode: Flags.option({ options: ['stop', 'pause', 'hot'] as const })({
      helpValue: 'stop|pause|hot',
      description: 'what happens to those who write, for this restore point only',
    }),
  };

  async run(): Promise<object> {
    const { flags, argv } = await this.parse(Backup);
    const { withDataObservation } = await import('../deployments/session.ts');
    const load = () =>
      Promise.all([
        import('../restore-points/take-point.ts'),
        import('../cli/finish-data.ts'),
        import('../ui/data-plan-text.ts'),
        import('../ui/point-text.ts'),
      ]);
    return withDataObservation(this.runner, this.session('backup', flags, load), async (observation) => {
      const [{ takePoint }, { finishData }, texts, { pointSummary }] = await load();
      const { plan, notes, result } = await takePoint(this.runner, observation, {
        names: argv as string[],
        parallel: flags.parallel,
        mode: flags.mode,
        counts: !flags['no-counts'],
      });
      if (flags['dry-run']) {
        this.log(texts.dataPlanText(plan, notes, this.terminal.style));
        return texts.dataPlanDocument(plan, notes);
      }
      for (const note of notes) this.note(`note: ${note}`);
      await finishData(
        {
          runner: this.runner,
          terminal: this.terminal,
          signal: () => this.signal,
          note: (text) => this.note(text),
        },
        plan,
      );
      const manifest = await result();
      this.log(pointSummary(manifest, this.terminal.style));
      return manifest;
    });
  }
}
