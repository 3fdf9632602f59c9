import { expect } from 'chai';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../../src/stores/open.ts';
import type { PointWriter } from '../../../src/stores/store.ts';

describe('a local store', () => {
  let directory = '';

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'rewind-store-'));
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  async function* content(text: string): AsyncGenerator<Buffer> {
    yield Buffer.from(text);
  }

  /** A point under way that has a file of another one. */
  async function writerThatAdopts(): Promise<PointWriter> {
    const store = openStore(directory, directory);
    const first = await store.writer('20261101-000000-aaaa');
    const file = await first.write('volumes/data.tar.zst', content('all of it'));
    await first.commit('{}');
    const second = await store.writer('20261102-000000-bbbb');
    await second.adopt({ point: '20261101-000000-aaaa', file }, 'volumes/data.tar.zst');
    return second;
  }

  it('leaves the file of another point alone where a name that was adopted from it is written anew', async () => {
    const second = await writerThatAdopts();
    await second.write('volumes/data.tar.zst', content('another one'));
    await second.commit('{}');
    const read = (point: string): Promise<string> =>
      readFile(join(directory, point, 'volumes/data.tar.zst'), 'utf8');
    expect(await read('20261101-000000-aaaa')).to.equal('all of it');
    expect(await read('20261102-000000-bbbb')).to.equal('another one');
  });

  it('takes a file out of a point under way, and out of no other that has it', async () => {
    const second = await writerThatAdopts();
    await second.drop('volumes/data.tar.zst');
    await second.drop('volumes/data.tar.zst');
    await second.commit('{}');
    expect(existsSync(join(directory, '20261102-000000-bbbb/volumes/data.tar.zst'))).to.equal(false);
    expect(await readFile(join(directory, '20261101-000000-aaaa/volumes/data.tar.zst'), 'utf8')).to.equal(
      'all of it',
    );
  });
});
