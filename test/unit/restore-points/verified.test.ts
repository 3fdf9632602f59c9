import { expect } from 'chai';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { checkFile } from '../../../src/restore-points/verified.ts';
import type { Store } from '../../../src/stores/store.ts';

describe('a stored file that is checked and not used', () => {
  const content = randomBytes(2 * 1024 * 1024 + 5);
  const file = {
    path: 'a.dump',
    bytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
  };
  let directory: string;
  let present: Buffer;
  before(() => (directory = mkdtempSync(join(tmpdir(), 'rewind-verified-'))));
  after(() => rmSync(directory, { recursive: true }));

  const far = { read: async () => Readable.from([present]) } as unknown as Store;
  const near = { ...far, pathOf: async () => join(directory, 'a.dump') } as Store;
  const check = async (store: Store, signal = new AbortController().signal): Promise<number> => {
    let bytes = 0;
    await checkFile({ store, point: '20261129-120000-abcd', signal }, file, (more) => (bytes += more));
    return bytes;
  };
  const put = (bytes: Buffer): void => {
    present = bytes;
    writeFileSync(join(directory, 'a.dump'), bytes);
  };

  for (const [where, store] of [
    ['on this host', near],
    ['elsewhere', far],
  ] as const)
    it(`is whole or damaged, ${where}`, async () => {
      put(content);
      expect(await check(store)).to.equal(content.length);
      const wrong = Buffer.from(content);
      wrong[content.length - 1] = (wrong[content.length - 1] ?? 0) ^ 1;
      const bad: [RegExp, Buffer][] = [
        [/its checksum is wrong/, wrong],
        [/it is cut off/, content.subarray(0, -1)],
        [/it is cut off/, Buffer.alloc(0)],
        [/it is too long/, Buffer.concat([content, Buffer.of(0)])],
      ];
      for (const [why, bytes] of bad) {
        put(bytes);
        const error = await check(store).then(
          () => undefined,
          (thrown: Error) => thrown,
        );
        expect(error?.message).to.match(why);
      }
    });

  it('is given up when nobody waits for it any more', async () => {
    put(content);
    const left = new AbortController();
    left.abort(new Error('left'));
    const error = await check(near, left.signal).catch((thrown: Error) => thrown);
    expect(error).to.have.property('message', 'left');
  });
});
