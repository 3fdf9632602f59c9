/** tar's unit: a header takes one, content is padded to it. */
export const UNIT = 512;

/** What a header has for a name. */
export const NAME_BYTES = 100;

/** What ends an archive. */
export const END_OF_TAR: Buffer = Buffer.alloc(2 * UNIT);

export interface TarHeader {
  /** `0`: a plain file; `x`: records of the member that follows. */
  type: '0' | 'x';
  /** Latin-1, one character for each byte; what is longer than NAME_BYTES is cut off. */
  name: string;
  /** Of the content. */
  bytes: number;
  uid?: number;
  gid?: number;
  /** Whole seconds since 1970. */
  mtime?: number;
}

/** The header of a member that only its owner may read, as ustar has it. */
export function tarHeader({ type, name, bytes, uid = 0, gid = 0, mtime = 0 }: TarHeader): Buffer {
  const header = Buffer.alloc(UNIT);
  header.write(name.slice(0, NAME_BYTES), 0, 'latin1');
  number(header, 0o600, 100, 8);
  number(header, uid, 108, 8);
  number(header, gid, 116, 8);
  number(header, bytes, 124, 12);
  number(header, mtime, 136, 12);
  header.write(type, 156, 'latin1');
  header.write('ustar\u000000', 257, 'latin1');
  number(header, checksumOf(header), 148, 7);
  header.write(' ', 155, 'latin1');
  return header;
}

/** Of all bytes of a header, its own field taken for spaces. */
export function checksumOf(header: Buffer): number {
  let sum = 8 * 32;
  for (let at = 0; at < UNIT; at++) if (at < 148 || at >= 156) sum += header[at] ?? 0;
  return sum;
}

/** Bytes up to the next unit. */
export const padding = (bytes: number): number => (UNIT - (bytes % UNIT)) % UNIT;

/** Octal digits and a zero byte; a number with too many of them in base 256, as GNU tar writes it. */
function number(header: Buffer, value: number, at: number, length: number): void {
  if (value < 8 ** (length - 1))
    header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  else {
    header.writeUIntBE(value, at + length - 6, 6);
    header[at] = 0x80;
  }
}
