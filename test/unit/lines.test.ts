import { expect } from 'chai';
import fc from 'fast-check';
import { Lines, linesOf } from '../../src/lines.ts';

describe('lines', () => {
  it('are the same however the text comes', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', '\n', '\r', ' ', 'é') })), (chunks) => {
        const lines = new Lines();
        const taken = chunks.flatMap((chunk) => lines.with(chunk));
        expect([...taken, lines.rest]).to.deep.equal(chunks.join('').split('\n'));
      }),
    );
  });

  it('without an end are none yet', async () => {
    const chunks = async function* (): AsyncGenerator<string> {
      yield* ['one\ntw', 'o\n', 'thr'];
    };
    const taken: string[] = [];
    for await (const line of linesOf(chunks())) taken.push(line);
    expect(taken).to.deep.equal(['one', 'two']);
  });
});
