import { expect } from 'chai';
import { RewindError } from '../../../src/errors.ts';
import { checkedRdb, type RdbReport } from '../../../src/databases/redis/rdb-stream.ts';
import { SAVED, STREAMED } from './rdb-samples.ts';

async function read(file: Buffer, piece = file.length): Promise<{ bytes: Buffer; report: RdbReport }> {
  const parts: Buffer[] = [];
  const found: RdbReport[] = [];
  const source = (async function* () {
    for (let at = 0; at < file.length; at += piece) yield file.subarray(at, at + piece);
  })();
  for await (const part of checkedRdb(
    source,
    (report) => void found.push(report),
    (why) => new RewindError('DAMAGED', why),
  ))
    parts.push(Buffer.from(part));
  return { bytes: Buffer.concat(parts), report: found[0] as RdbReport };
}

const refusal = (file: Buffer): Promise<string> =>
  read(file).then(
    () => 'taken',
    (error: Error) => error.message,
  );

describe('an RDB file as it comes from a server', () => {
  for (const [server, file] of Object.entries(SAVED)) {
    it(`is counted by database and passed on unchanged, from ${server}`, async () => {
      for (const piece of [1, 7, 64, file.length]) {
        const { bytes, report } = await read(file, piece);
        expect(bytes.equals(file)).to.equal(true);
        expect(report).to.include({ bytes: file.length, checksummed: true });
        expect(report.keys.databases).to.deep.equal([
          { number: 0, keys: 13, expiring: 1 },
          { number: 9, keys: 1, expiring: 1 },
        ]);
        expect(report.keys).to.include({ complete: true, functions: 1 });
      }
    });
  }

  it('loses the mark that a stream ends with', async () => {
    for (const piece of [1, 30, 48, STREAMED.length]) {
      const { bytes, report } = await read(STREAMED, piece);
      expect(bytes.equals(STREAMED.subarray(0, -40))).to.equal(true);
      expect(report.keys.databases).to.deep.equal([
        { number: 0, keys: 4, expiring: 0 },
        { number: 3, keys: 1, expiring: 1 },
      ]);
    }
  });

  it('is refused when it is cut anywhere', async () => {
    const file = SAVED['Redis 7.0'];
    for (let length = 0; length < file.length; length++)
      expect(await refusal(file.subarray(0, length)), `${length} bytes`).to.match(
        /empty|cut off|does not begin/,
      );
    for (let length = STREAMED.length - 1; length > STREAMED.length - 60; length--) {
      if (length === STREAMED.length - 40) continue;
      expect(await refusal(STREAMED.subarray(0, length)), `${length} bytes`).to.match(/cut off/);
    }
  });

  it('is refused when any byte of it is another', async () => {
    const file = SAVED['Valkey 8'];
    for (let at = 0; at < file.length; at++) {
      const changed = Buffer.from(file);
      changed[at] = (changed[at] as number) ^ 0x11;
      expect(await refusal(changed), `byte ${at}`).to.match(/cut off or damaged|does not begin/);
    }
  });

  it('is taken without checksum only when every key was read to the end', async () => {
    const plain = Buffer.concat([SAVED['Redis 7.0'].subarray(0, -8), Buffer.alloc(8)]);
    expect((await read(plain)).report.checksummed).to.equal(false);
    // A cut that happens to end like a file without a checksum.
    const cut = Buffer.concat([plain.subarray(0, 200), Buffer.from([0xff]), Buffer.alloc(8)]);
    expect(await refusal(cut)).to.match(/cut off/);
  });

  it('is taken with a type of a later version, its keys not counted', async () => {
    const { report } = await read(SAVED['Redis 7.0']);
    expect(report.keys.unknown).to.equal(undefined);
    const { RdbKeys } = await import('../../../src/databases/redis/rdb-keys.ts');
    const keys = new RdbKeys();
    keys.push(Buffer.from('REDIS0099\xfe\x00\xfb\x01\x00\x63\x01kvalue', 'latin1'));
    keys.push(Buffer.from('more'));
    expect(keys).to.include({ complete: false, unknown: 'values of type 99 are of a later version' });
  });
});
