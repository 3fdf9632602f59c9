import { expect } from 'chai';
import { loadedFacts } from '../../../src/databases/postgres/after-load.ts';

const FACTS = JSON.stringify({
  objects: { tables: 2 },
  tables: [{ schema: 'public', name: 'counted', rows: 5 }],
});
const count = (rows: number | null): string =>
  JSON.stringify({ tables: [{ schema: 'o"dd', name: 'a\nb', rows }] });

describe('what a load says of the loaded database', () => {
  it('is the rows that were noted and those that were counted, or could not be', () => {
    expect(loadedFacts([FACTS, count(7)], 'it')).to.deep.equal({
      objects: { tables: 2 },
      rows: new Map([
        ['public.counted', 5],
        ['o"dd.a\nb', 7],
      ]),
    });
    expect(loadedFacts([FACTS, count(null)], 'it').rows.get('o"dd.a\nb')).to.equal(null);
  });

  it('is nothing where it is cut off, or says nothing of objects', () => {
    for (const lines of [[], [count(7)], [FACTS, count(7).slice(0, -1)]])
      expect(() => loadedFacts(lines, 'it')).to.throw(/cut off, or none/);
  });
});
