import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NO_NETWORK, TestProject } from '../project.ts';
import type { RunOutcome } from '../../e2e/installed.ts';

export const HELPER_IMAGE = 'rewind-test/helper:1';

// All that a restore has to bring back: names, types, modes, owners, sizes, times, targets, contents, links,
// attributes and ACLs. Directories have no size of their own, and links no times of their names.
const SNAPSHOT = `
export LC_ALL=C
cd /data
{
  find . -xdev ! -type d ! -type f -printf '%p|%y|%m|%U|%G|%T@|%l|%n\\0'
  find . -xdev -type d -printf '%p|%y|%m|%U|%G|%T@\\0'
  find . -xdev -type f -printf '%p|%y|%m|%U|%G|%s|%T@|%n\\0'
  find . -xdev \\( -type b -o -type c \\) -exec stat --printf '%n|%t:%T\\0' {} +
  find . -xdev -type f -print0 | xargs -0 -r sha256sum -z --
} | sort -z | tr '\\0' '\\n'
find . -xdev -links +1 ! -type d -printf '%i\\0%p\\0' | sort -z | tr '\\0' '\\n' | wc -l
find . -xdev -print0 | sort -z | xargs -0 getfattr -h -d -m - -e hex --absolute-names -- 2>/dev/null
find . -xdev ! -type l -print0 | sort -z | xargs -0 getfacl -n -s --absolute-names -- 2>/dev/null
`;

/** A project with one web service that keeps its data in the volume `data`, and in `./uploads` where asked for. */
export class DataProject extends TestProject {
  static async make(
    options: { files?: string; rewind?: string[]; volumes?: string[]; bind?: boolean; memory?: number } = {},
  ): Promise<DataProject> {
    const project = new DataProject();
    project.writeFile(options);
    if (options.bind) project.write('uploads/first', 'first');
    await project.compose(['up', '-d', '--wait', '--no-build', '--pull', 'never']);
    return project;
  }

  /** `memory`: volumes of so many megabytes that are in memory, and empty as soon as nobody has them mounted. */
  writeFile(
    options: { rewind?: string[]; volumes?: string[]; bind?: boolean; mode?: string; memory?: number } = {},
  ): void {
    const volumes = options.volumes ?? ['data'];
    const driver =
      options.memory === undefined
        ? ''
        : ` {driver_opts: {type: tmpfs, device: tmpfs, o: "size=${options.memory}m"}}`;
    this.write(
      'compose.yml',
      [
        `name: ${this.name}`,
        'services:',
        '  web:',
        '    image: rewind-test/app:base',
        '    stop_grace_period: 2s',
        ...NO_NETWORK,
        '    volumes:',
        ...volumes.map((volume) => `      - ${volume}:/${volume}`),
        ...(options.bind ? ['      - ./uploads:/uploads'] : []),
        'volumes:',
        ...volumes.map((volume) => `  ${volume}:${driver}`),
        'x-rewind:',
        `  helper_image: ${HELPER_IMAGE}`,
        ...(options.rewind ?? []).map((line) => `  ${line}`),
        '',
      ].join('\n'),
    );
  }

  async compose(args: readonly string[]): Promise<RunOutcome> {
    return this.succeed(await this.docker(['compose', ...args]));
  }

  /** Runs a bash script as root with the volume at /data. */
  async inside(script: string, volume = 'data'): Promise<string> {
    const name = volume.startsWith('/') ? volume : this.volume(volume);
    const args = [
      'run',
      '--rm',
      '-i',
      '--network',
      'none',
      '-v',
      `${name}:/data`,
      HELPER_IMAGE,
      'bash',
      '-s',
    ];
    return this.succeed(await this.docker(args, { input: `cd /data\n${script}\n` })).stdout;
  }

  /** Runs a script in the service's own container: that runs anyway, another one would take longer than the script. */
  async inService(script: string): Promise<string> {
    const [container] = await this.containers();
    return this.succeed(await this.docker(['exec', container?.id ?? '', 'sh', '-c', script])).stdout;
  }

  volume(key: string): string {
    return key.startsWith(this.name) ? key : `${this.name}_${key}`;
  }

  /** Everything about a volume that a restore has to bring back, as text. */
  async snapshot(volume = 'data'): Promise<string> {
    return this.inside(SNAPSHOT, volume);
  }

  async backup(...args: string[]): Promise<any> {
    const { exitCode, document } = await this.json(['backup', ...args]);
    if (exitCode !== 0) throw new Error(JSON.stringify(document));
    return document;
  }

  /** The directory of a point. */
  point(id: string, ...path: string[]): string {
    return this.path(join('.rewind/points', id, ...path));
  }

  points(): string[] {
    const path = this.path('.rewind/points');
    return existsSync(path) ? readdirSync(path).sort() : [];
  }

  manifest(id: string): any {
    return JSON.parse(readFileSync(this.point(id, 'manifest.json'), 'utf8'));
  }

  /** What must never be left behind: helper containers, staging directories, journals, unfinished points. */
  async leftovers(): Promise<string[]> {
    const helpers = await this.docker([
      'ps',
      '-a',
      '--filter',
      'label=docker-rewind.helper',
      '--format',
      '{{.Names}} {{.Mounts}}',
    ]);
    const own = helpers.stdout
      .split('\n')
      .filter((line) => line.includes(this.name) || line.includes('rewind-test'));
    const staged = await this.inside('find . -maxdepth 1 -name ".rewind*"');
    const list = (path: string): string[] => {
      try {
        return readdirSync(this.path(path)).map((name) => `${path}/${name}`);
      } catch {
        return [];
      }
    };
    return [
      ...own,
      ...staged.split('\n').filter((line) => line !== ''),
      ...list('.rewind/journal'),
      ...list('.rewind/points').filter((name) => name.includes('partial')),
    ];
  }

  private succeed(outcome: RunOutcome): RunOutcome {
    if (outcome.exitCode !== 0)
      throw new Error(`exit ${outcome.exitCode}: ${outcome.stdout}${outcome.stderr}`);
    return outcome;
  }
}

/** A tree with one of everything that a volume can hold. */
export const ONE_OF_EVERYTHING = `
mkdir -p dir/deep empty 'name with spaces'
echo content >dir/file
echo other >dir/deep/file
printf 'x' >$'new\\nline' ; printf 'y' >$'not-utf8-\\xff\\xfe' ; printf 'z' >$'-dash' ; printf 'q' >$'star*"quote\\\\'
ln dir/file dir/hard
ln -s file dir/link
ln -s /nowhere/at/all dangling
ln dangling dir/deep/dangling
ln -s 'a//b' doubleslash
mkfifo pipe
mknod null c 1 3
mknod loop b 7 9
truncate -s 100M sparse ; printf end | dd of=sparse bs=1 seek=50000000 conv=notrunc 2>/dev/null
cp /bin/true setuid ; chmod 4755 setuid ; chmod 2775 dir ; chmod 1777 empty ; chmod 000 dir/deep/file
chown 1234:5678 dir/file ; chown -h 4321:8765 dangling
setfattr -n user.colour -v blue dir/file
setfattr -n user.empty dir
setfacl -m u:99:rwx dir/deep ; setfacl -d -m u:98:rx dir
cp /bin/true capable ; setcap cap_net_bind_service+ep capable
touch -d @1234567890.123456789 dir/file ; touch -h -d @1000000001.5 dangling ; touch -d @0 'name with spaces'
chmod 2751 . ; chown 33:44 . ; setfattr -n user.root -v yes .
touch -d @1111111111.000000001 dir ; touch -d @1222222222.25 .
`;
