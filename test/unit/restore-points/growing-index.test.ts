import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { GrowingIndex } from '../../../src/restore-points/volume/growing-index.ts';
import type { Helper } from '../../../src/restore-points/volume/helper.ts';
import type { ScriptStreams } from '../../../src/restore-points/volume/script.ts';
import { SORT } from '../../../src/restore-points/volume/scripts.ts';

const signal = new AbortController().signal;
const record = (path: string): string => `${path}//f 644 0 0 1 8 1 7 1.0000000000 1.0000000000 `;

/** Finds the records that it is given, one after the other, as slowly as they come; sorts with the host's own sort. */
function helperThatFinds(source: AsyncIterable<string>, code = 0): Helper {
  const blocks = async function* (): AsyncGenerator<Buffer> {
    for await (const piece of source) yield Buffer.from(piece, 'latin1');
  };
  const run = async (script: string, _: readonly string[], streams: ScriptStreams<unknown>) => {
    const output =
      script === SORT
        ? [execFileSync('sort', ['-z'], { input: await text(streams.input as never), env: { LC_ALL: 'C' } })]
        : blocks();
    await streams.output?.(output as AsyncIterable<Buffer>);
    const codes = new Map([['find', code], ['sort', 0]]); // prettier-ignore
    return { report: { exitCode: 0, codes, messages: [] }, result: undefined };
  };
  return { tools: 'gnu', run } as unknown as Helper;
}

describe('an index that grows', () => {
  let directory = '';
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'rewind-index-'))));
  afterEach(() => rmSync(directory, { recursive: true }));
  const options = { key: 'data', slug: 'data', live: false };
  const begin = (helper: Helper): GrowingIndex =>
    new GrowingIndex(helper, join(directory, 'found'), options, signal);

  it('gives its entries as they come, and is in order in the end', async () => {
    const first = Promise.withResolvers<void>();
    const source = async function* (): AsyncGenerator<string> {
      yield `//time 5.5\0${record('.')}\0${record('./b')}\0${record('./a').slice(0, 5)}`;
      // The rest only comes when the first ones were read.
      await first.promise;
      yield `${record('./a').slice(5)}\0${record('./a/x')}\0//end\0`;
    };
    const helper = helperThatFinds(source());
    const growing = begin(helper);
    const entries = growing.entries();
    const paths: string[] = [];
    for (let entry = await entries.next(); entry !== undefined; entry = await entries.next()) {
      paths.push(entry.path);
      if (entry.path === './b') first.resolve();
    }
    expect(paths).to.deep.equal(['.', './b', './a', './a/x']);
    await growing.found;
    await growing.sort(helper, join(directory, 'sorted'), 'data', signal);
    expect(readFileSync(join(directory, 'sorted'), 'latin1').split('\0')).to.deep.equal([
      '//time 5.5', record('.'), record('./a'), record('./a/x'), record('./b'), '//end', '',
    ]); // prettier-ignore
  });

  it('that cannot be taken fails for who reads its entries, too', async () => {
    const source = async function* (): AsyncGenerator<string> {
      yield `//time 5.5\0${record('.')}\0//end\0`;
    };
    const growing = begin(helperThatFinds(source(), 1));
    const entries = growing.entries();
    expect((await entries.next())?.path).to.equal('.');
    const error = await entries.next().catch((reason: unknown) => reason);
    expect(error).to.have.property('code', 'HELPER_FAILED');
  });
});
