import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { renderManifest } from '../../../src/restore-points/manifest.ts';
import type { DataProject } from '../volumes/data-project.ts';

/** One member of an archive that no honest tar would write. */
export interface Member {
  name: string;
  /** As in ustar: 0 file, 1 hard link, 2 symbolic link, 3 character device, 4 block device, 5 directory, 6 pipe. */
  type: '0' | '1' | '2' | '3' | '4' | '5' | '6';
  link?: string;
  content?: Buffer;
  device?: [number, number];
}

/** A tar archive of these members. */
export function tar(members: readonly Member[]): Buffer {
  const blocks = members.flatMap(({ name, type, link = '', content = Buffer.alloc(0), device = [0, 0] }) => {
    const header = Buffer.alloc(512);
    const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;
    header.write(name, 0, 'latin1');
    header.write(octal(type === '5' ? 0o755 : 0o644, 8), 100);
    header.write(octal(0, 8), 108);
    header.write(octal(0, 8), 116);
    header.write(octal(content.length, 12), 124);
    header.write(octal(1_700_000_000, 12), 136);
    header.write('        ', 148);
    header.write(type, 156);
    header.write(link, 157, 'latin1');
    header.write('ustar\u000000', 257);
    header.write(octal(device[0], 8), 329);
    header.write(octal(device[1], 8), 337);
    header.write(
      `${octal(
        header.reduce((sum, byte) => sum + byte, 0),
        7,
      )} `,
      148,
    );
    return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

/** Puts a file into a point, packed, and returns its description. */
export function stored(project: DataProject, id: string, path: string, content: Buffer) {
  const packed = zstdCompressSync(content);
  mkdirSync(dirname(project.point(id, path)), { recursive: true });
  writeFileSync(project.point(id, path), packed);
  return { path, bytes: packed.length, sha256: createHash('sha256').update(packed).digest('hex') };
}

/** Changes a point's manifest and gives it a checksum that fits, as anybody can who writes to a store. */
export function forge(project: DataProject, id: string, change: (manifest: any) => void): void {
  const path = project.point(id, 'manifest.json');
  const { checksum: _, ...manifest } = JSON.parse(readFileSync(path, 'utf8'));
  change(manifest);
  writeFileSync(path, renderManifest(manifest));
}
