const TYPES: Readonly<Record<number, string>> = {
  0o010000: 'p',
  0o020000: 'c',
  0o040000: 'd',
  0o060000: 'b',
  0o100000: 'f',
  0o120000: 'l',
  0o140000: 's',
};

/**
 * Brings what INDEX_BUSYBOX prints into the form of an index: sorted, NUL-separated, with a type letter. A name cannot
 * hold `//`, so `//` and a line feed end a record whatever the name holds. Holds the whole index in memory.
 */
export async function* canonicalBusybox(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('latin1');
  const start = text.indexOf('\0') + 1;
  const end = text.lastIndexOf('//end\0');
  if (start === 0 || end < start) throw new Error('the volume index is cut off');
  const records = text
    .slice(start, end)
    .split('//\n')
    .filter((record) => record !== '');
  const canonical = records.map(canonicalRecord).sort();
  yield Buffer.from(
    `${text.slice(0, start)}${canonical.map((record) => `${record}\0`).join('')}//end\0`,
    'latin1',
  );
}

function canonicalRecord(record: string): string {
  const split = record.indexOf('//');
  const [mode = '', ...fields] = record.slice(split + 2).split(' ');
  const type = TYPES[Number.parseInt(mode, 16) & 0o170000] ?? '?';
  if (type !== 'b' && type !== 'c') fields[fields.length - 1] = '';
  return `${record.slice(0, split)}//${type} ${fields.join(' ')}`;
}
