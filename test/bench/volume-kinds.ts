import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { randomFillSync, randomInt } from 'node:crypto';
import { join } from 'node:path';

/** A volume to measure with: what fills its directory, and what changes one per cent of its data. */
export interface VolumeKind {
  build: (directory: string, scale: number) => void;
  change: (directory: string) => void;
}

const LINE = Buffer.from('line of text\n');
const MEGABYTE = 1_000_000;

/** Half of it can be compressed, half cannot. */
function halfRandom(bytes: number): Buffer {
  const content = Buffer.alloc(bytes, LINE);
  return randomFillSync(content, 0, Math.floor(bytes / 2));
}

/** `count` directories with `files` files each. */
function files(
  directory: string,
  count: number,
  inEach: number,
  content: (file: number, of: number) => Uint8Array,
): void {
  for (let of = 1; of <= count; of++) {
    mkdirSync(join(directory, `d${of}`));
    for (let file = 1; file <= inEach; file++)
      writeFileSync(join(directory, `d${of}`, `f${file}`), content(file, of));
  }
}

/** Other content for some files of every directory, or of the first `most`. */
export function changeFiles(
  directory: string,
  inEach: number,
  some: number,
  content: () => Uint8Array,
  most = Infinity,
): void {
  const directories = readdirSync(directory)
    .filter((name) => /^d\d+$/.test(name))
    .slice(0, most);
  for (const name of directories)
    for (let count = 0; count < some; count++)
      writeFileSync(join(directory, name, `f${randomInt(1, inEach + 1)}`), content());
}

export const changeMixed = (directory: string, most?: number): void =>
  changeFiles(directory, 100, 1, () => halfRandom(22_000), most);

export const VOLUMES: Readonly<Record<string, VolumeKind>> = {
  mixed: {
    build: (directory, scale) =>
      files(directory, Math.ceil(590 * scale), 100, (file, of) =>
        halfRandom((file * 7919 + of * 104_729) % 44_000),
      ),
    change: changeMixed,
  },
  small: {
    build: (directory, scale) =>
      files(directory, Math.ceil(400 * scale), 500, (file, of) => Buffer.from(`${of} ${file}\n`)),
    change: (directory) => changeFiles(directory, 500, 5, () => Buffer.from(`${randomInt(1_000_000)}\n`)),
  },
  sparse: {
    build: (directory, scale) => {
      const file = openSync(join(directory, 'big'), 'w');
      ftruncateSync(file, Math.ceil(8000 * scale) * MEGABYTE);
      for (let place = 0; place < Math.ceil(100 * scale); place++) writeRandom(file, place);
      closeSync(file);
    },
    change: (directory) => {
      const file = openSync(join(directory, 'big'), 'r+');
      writeRandom(file, 1);
      closeSync(file);
    },
  },
};

/** 10 MB at every 80 MB. */
function writeRandom(file: number, place: number): void {
  const content = randomFillSync(Buffer.alloc(10 * MEGABYTE));
  writeSync(file, content, 0, content.length, place * 80 * MEGABYTE);
}
