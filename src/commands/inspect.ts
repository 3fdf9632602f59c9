import { Args, Flags } from '@oclif/core';
import { RewindCommand } from '../cli/base-command.ts';

export default class Inspect extends RewindCommand {
  static override summary =
    'one restore point in full: what it holds, how consistent it is, what it could not keep';
  static override examples = [
    '<%= config.bin %> inspect latest',
    '<%= config.bin %> inspect 20261123 --files uploads',
  ];
  static override exitCodes = {
    done: 'printed',
    failed: 'failed',
    usage: 'wrong usage, or no Compose file',
    refused: 'the restore point is damaged or of another project',
    notFound: 'there is no such restore point',
  } as const;
  static override args = {
    point: Args.string({
      required: true,
      description: 'an id, a unique prefix, or latest',
      ignoreStdin: true,
    }),
  };
  static override flags = {
    files: Flags.string({ helpValue: 'VOLUME', description: 'list what is in this volume' }),
  };

  async run(): Promise<object> {
    const { flags, args } = await this.parse(Inspect);
    const where = { options: this.composeOptions(flags), cwd: process.cwd(), env: process.env };
    const [{ observeProject }, { readPoint }, { listFiles }, { pointText }, { plain }] = await Promise.all([
      import('../deployments/observation.ts'),
      import('../restore-points/find.ts'),
      import('../restore-points/list-files.ts'),
      import('../ui/point-text.ts'),
      import('../ui/plain.ts'),
    ]);
    const { config, scope } = await observeProject(this.runner, where);
    const { manifest, store } = await readPoint(config, scope, args.point);
    if (flags.files === undefined) {
      this.log(pointText(manifest, this.terminal.style));
      return manifest;
    }
    const files = await listFiles(manifest, store, scope.directory, flags.files);
    for (const { type, mode, size, path } of files)
      this.log(`${type} ${mode} ${String(size).padStart(12)} ${plain(path)}`);
    return { point: manifest.id, volume: flags.files, files };
  }
}
