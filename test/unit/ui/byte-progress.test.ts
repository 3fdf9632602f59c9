import { expect } from 'chai';
import { ByteProgress } from '../../../src/ui/byte-progress.ts';

describe('progress of bytes', () => {
  it('has a bar for each volume, with rate and time left where the total is known', () => {
    let now = 0;
    const progress = new ByteProgress(() => now);
    expect(progress.line({ name: 'data', done: 0 })).to.equal('data 0 B');
    now = 2000;
    expect(progress.line({ name: 'data', done: 200_000_000, total: 800_000_000 })).to.equal(
      'data [###-------] 25 %, 200 MB, 100 MB/s, 6 s left',
    );
    expect(progress.line({ name: 'other', done: 5 })).to.match(/^data .* left {3}other 5 B$/);
    now = 9000;
    // The total was a guess.
    expect(progress.line({ name: 'data', done: 900_000_000, total: 800_000_000 })).to.match(
      /\[#{10}\] 100 %, .* 0 s left/,
    );
    progress.reset();
    expect(progress.line({ name: 'third', done: 1 })).to.equal('third 1 B');
    expect(progress.line({ name: 'db/shop', done: 2, detail: 'public.orders' })).to.equal(
      'third 1 B   db/shop 2 B, public.orders',
    );
  });
});
