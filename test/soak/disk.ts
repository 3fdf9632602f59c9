import { rm, writeFile } from 'node:fs/promises';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';

/** A small ext4 in a file, that can be filled up. */
export class SmallDisk {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(path: string, megabytes: number): Promise<SmallDisk> {
    mkdirSync(path, { recursive: true });
    await execa('truncate', ['-s', `${megabytes}M`, `${path}.ext4`]);
    await execa('mkfs.ext4', ['-q', '-m', '0', '-O', '^has_journal', `${path}.ext4`]);
    await execa('mount', ['-o', 'loop', `${path}.ext4`, path]);
    return new SmallDisk(path);
  }

  /** Leaves so many bytes. */
  async fill(left: number): Promise<void> {
    const { stdout } = await execa('stat', ['-f', '-c', '%a %S', this.path]);
    const [blocks = 0, size = 0] = stdout.split(' ').map(Number);
    const bytes = Math.max(0, blocks * size - left);
    await execa('fallocate', ['-l', String(Math.max(1, bytes)), this.#filler], { reject: false });
    if (left === 0) await writeFile(this.#filler, Buffer.alloc(1 << 20), { flag: 'a' }).catch(() => {});
  }

  async free(): Promise<void> {
    await rm(this.#filler, { force: true });
  }

  get #filler(): string {
    return join(this.path, 'filler');
  }

  async remove(): Promise<void> {
    await execa('umount', ['-l', this.path], { reject: false });
    await rm(`${this.path}.ext4`, { force: true });
  }
}
