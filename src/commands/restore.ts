import { Args, Flags } from '@oclif/core';
import { plain } from '../ui/plain.ts';
import { ChangingCommand } from '../cli/changing-command.ts';

export default class Restore extends ChangingCommand {
  static override summary =
    'put data back from a restore point, exactly; the present data is kept until it works';
  static override description =
    'Extracts beside the present data, checks every stored byte and compares the result with the volume index, all while the services run; dumps are loaded into new databases and compared with what was dumped. Then stops those that use the data, swaps by renaming (clients of a database are disconnected, its server runs on), has them run again and waits for their health; only then the replaced data is deleted. Any failure swaps back. A restore point of the present data is taken first. The images stay as they are: that is docker rewind rollback.';
  static override examples = [
    '<%= config.bin %> restore latest',
    '<%= config.bin %> restore 20261123-05 --only uploads --yes',
    '<%= config.bin %> restore latest --file uploads:2026/11/cat.jpg',
    '<%= config.bin %> restore latest --only uploads --to-volume uploads_copy',
    '<%= config.bin %> restore latest --only db/shop --to-database shop_check',
  ];
  static override exitCodes = {
    done: 'the data is that of the restore point, and the services are healthy on it',
    failed: 'failed, and everything is as it was before',
    usage: 'wrong usage, or a yes is needed and there is no terminal (give --yes)',
    refused:
      'refused: the restore point is damaged, too little space, a database does not run; nothing was touched',
    notUndone: 'failed, and the way back failed too; recover says what to do',
    notFound: 'no such restore point, volume, database or file',
    locked: 'another command is at work in this project',
    interrupted: 'interrupted (Ctrl-C), and everything is as it was before',
    terminated: 'told to stop (SIGTERM), and everything is as it was before',
  } as const;
  static override args = {
    point: Args.string({
      required: true,
      description: 'an id, a unique prefix, or latest',
      ignoreStdin: true,
    }),
  };
  static override flags = {
    only: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'NAME',
      description:
        'only this volume, database (db/shop) or all of a database service (db); repeat for several',
    }),
    // Compose's own --file gives way here, as the most natural name for it; its -f stays.
    file: Flags.string({
      helpValue: 'VOLUME:PATH',
      description: 'only this file or folder; nothing is stopped. The Compose file is -f',
    }) as never,
    'compose-file': Flags.string({
      char: 'f',
      multiple: true,
      multipleNonGreedy: true,
      helpGroup: 'compose',
      helpValue: 'PATH',
      description: 'Compose file; repeat for several',
    }),
    to: Flags.string({
      helpValue: 'DIR',
      description: 'with --file: into this directory instead of its place',
      dependsOn: ['file'],
    }),
    'to-volume': Flags.string({
      helpValue: 'NAME',
      description: 'into a new volume; nothing is stopped',
      exclusive: ['file'],
    }),
    'to-database': Flags.string({
      helpValue: 'NAME',
      description: 'one database as a new one beside the live one; nothing is stopped',
      exclusive: ['file', 'to-volume', 'in-place'],
    }),
    'in-place': Flags.boolean({
      description: 'without a second copy beside the present data, and so without a way back',
    }),
    'no-safety-backup': Flags.boolean({ description: 'take no restore point of the present data first' }),
    'allow-devices': Flags.boolean({
      description: 'make the device nodes of a restore point that was made elsewhere',
    }),
    'allow-lost-attributes': Flags.boolean({
      description: 'leave out attributes and ACLs that the file system does not take',
    }),
    parallel: Flags.integer({
      min: 1,
      max: 8,
      default: 2,
      helpValue: 'N',
      description: 'volumes at the same time',
    }),
    yes: Flags.boolean({ char: 'y', description: 'do not ask' }),
  };

  async run(): Promise<object> {
    const parsed = await this.parse(Restore);
    const { args } = parsed;
    const path = parsed.flags.file as unknown as string | undefined;
    const flags = { ...parsed.flags, file: parsed.flags['compose-file'] };
    const { withDataObservation } = await import('../deployments/session.ts');
    const load = () =>
      Promise.all([
        import('../restore-points/prepare-restore.ts'),
        import('../cli/finish-data.ts'),
        import('../ui/data-plan-text.ts'),
        import('../ui/point-text.ts'),
      ]);
    return withDataObservation(
      this.runner,
      this.session('restore', flags as { 'dry-run': boolean }, load),
      async (observation) => {
        const [{ prepareRestore }, { consentToData, finishData }, texts, { takenText }] = await load();
        const {
          plan,
          notes: more,
          manifest,
          safety,
          harmless,
          volumes,
          databases,
        } = await prepareRestore(this.runner, observation, {
          point: args.point,
          only: flags.only ?? [],
          file: path,
          to: flags.to,
          toVolume: flags['to-volume'],
          toDatabase: flags['to-database'],
          inPlace: flags['in-place'],
          safety: !flags['no-safety-backup'],
          parallel: flags.parallel,
          allowDevices: flags['allow-devices'],
          allowLostAttributes: flags['allow-lost-attributes'],
        });
        const notes = [takenText(manifest), ...more];
        if (flags['dry-run']) {
          this.log(texts.dataPlanText(plan, notes, this.terminal.style));
          return texts.dataPlanDocument(plan, notes);
        }
        if (!flags.yes && !harmless) await consentToData(this.terminal, plan, notes, `Put this data back?`);
        else for (const note of notes) this.note(`note: ${note}`);
        const context = { runner: this.runner, terminal: this.terminal, signal: () => this.signal };
        const known = await finishData({ ...context, note: (text) => this.note(text) }, plan);
        this.log(
          `${this.terminal.style.green(`restored ${manifest.id}`)}: ${plain([...volumes, ...databases].join(', '))}`,
        );
        if (safety !== undefined) this.log(`the data as it was before: docker rewind restore ${safety}`);
        return { point: manifest.id, volumes, databases, safetyPoint: safety ?? null, notes: known };
      },
    );
  }
}
