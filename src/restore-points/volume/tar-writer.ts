import { NAME_BYTES, padding, tarHeader } from '../../tar-header.ts';

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
  const records = Buffer.from(
    [
      ...(name.length > NAME_BYTES ? [paxRecord('path', name)] : []),
      ...(plainTime ? [] : [paxRecord('mtime', mtime)]),
    ].join(''),
    'latin1',
  );
  const bytes = content.length;
  return Buffer.concat([
    ...(records.length === 0
      ? []
      : [tarHeader({ type: 'x', name: 'extended', bytes: records.length }), ...padded(records)]),
    tarHeader({ type: '0', name, bytes, mtime: plainTime ? Number(mtime) : 0 }),
    ...padded(content),
  ]);
}

const padded = (content: Buffer): Buffer[] => [content, Buffer.alloc(padding(content.length))];

/** The length counts its own digits. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}
