import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

/**
 * An ext4 of our own with Debian's mount options, in a file. On a disk mounted with `discard` an extraction after a deletion takes
 * many times as long as without, and every figure would be one of the disk.
 */
export class OwnDisk {
  readonly directory: string;
  readonly #mounted: string;

  private constructor(directory: string) {
    this.directory = join(directory, 'disk');
    this.#mounted = directory;
  }

  /** Needs root. `gigabytes` is what it may hold; the file has holes and takes what is written. */
  static async make(gigabytes: number): Promise<OwnDisk> {
    const disk = new OwnDisk(mkdtempSync(join(tmpdir(), 'rewind-bench-')));
    const file = join(disk.#mounted, 'disk.ext4');
    mkdirSync(disk.directory);
    await execa('truncate', ['-s', `${gigabytes}G`, file]);
    // Without the lazy start, which would go on in the background of what is measured.
    await execa('mkfs.ext4', ['-q', '-E', 'lazy_itable_init=0,lazy_journal_init=0', file]);
    // Past the page cache of the disk below, which would write everything twice, and keep it twice in memory.
    const { stdout: device } = await execa('losetup', ['--find', '--show', '--direct-io=on', file]);
    await execa('mount', ['-o', 'relatime,errors=remount-ro', device, disk.directory]);
    // It goes with the mount.
    await execa('losetup', ['--detach', device]);
    return disk;
  }

  /** A volume of the engine whose data lies on this disk. */
  async volume(name: string): Promise<void> {
    const device = this.path(`volumes/${name}`);
    mkdirSync(device, { recursive: true });
    await execa('docker', ['volume', 'create', '--driver', 'local', '--opt', 'type=none', '--opt', 'o=bind',
      '--opt', `device=${device}`, name]); // prettier-ignore
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  async remove(): Promise<void> {
    await execa('umount', [this.directory]);
    rmSync(this.#mounted, { recursive: true, force: true });
  }
}
