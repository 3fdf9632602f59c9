import { checksumOf, padding } from './tar-reader.ts';

const UNIT = 512;
/** What a header's field for a name holds. */
const NAME_BYTES = 100;

/** A plain file to be written into a tar archive. */
export interface NewMember {
  /** Latin-1: one character for each byte. */
  name: string;
  content: Buffer;
  /** Seconds since 1970, with decimals or without. */
  mtime?: string;
}

/** One member of an archive in the POSIX format: its headers, content and padding. */
export function tarMember({ name, content, mtime = '0' }: NewMember): Buffer {
  const plainTime = /^\d{1,9}$/.test(mtime);
  const records = [
    ...(name.length > NAME_BYTES ? [paxRecord('path', name)] : []),
    ...(plainTime ? [] : [paxRecord('mtime', mtime)]),
  ].join('');
  return Buffer.concat([
    ...(records === '' ? [] : [withHeader('x', 'extended', Buffer.from(records, 'latin1'), 0)]),
    withHeader('0', name, content, plainTime ? Number(mtime) : 0),
  ]);
}

/** What ends an archive. */
export const END_OF_TAR: Buffer = Buffer.alloc(2 * UNIT);

function withHeader(type: string, name: string, content: Buffer, mtime: number): Buffer {
  const header = Buffer.alloc(UNIT);
  header.write(name.slice(0, NAME_BYTES), 0, 'latin1');
  const number = (value: number, start: number, digits: number): void =>
    void header.write(`${value.toString(8).padStart(digits, '0')}\0`, start, 'latin1');
  number(0o600, 100, 7);
  number(0, 108, 7);
  number(0, 116, 7);
  number(content.length, 124, 11);
  number(mtime, 136, 11);
  header.write(type, 156, 'latin1');
  header.write('ustar\u000000', 257, 'latin1');
  header.write(`${checksumOf(header).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return Buffer.concat([header, content, Buffer.alloc(padding(content.length))]);
}

/** The length counts its own digits. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}
