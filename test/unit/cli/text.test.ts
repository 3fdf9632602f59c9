import { expect } from 'chai';
import fc from 'fast-check';
import { RewindError } from '../../../src/errors.ts';
import { nearest } from '../../../src/nearest.ts';
import { errorDocument, errorText, internalErrorText } from '../../../src/ui/error-text.ts';
import { plain, plainLines } from '../../../src/ui/plain.ts';
import { table } from '../../../src/ui/table.ts';
import { createTerminal } from '../../../src/ui/terminal.ts';

const none = createTerminal({ flags: { ansi: 'never' }, env: {}, stdin: {}, stdout: {}, stderr: {} }).style;
const colour = createTerminal({
  flags: { ansi: 'always' },
  env: {},
  stdin: {},
  stdout: {},
  stderr: {},
}).style;

describe('error text', () => {
  it('is one line, the details and what to do', () => {
    const error = new RewindError('LOCKED', 'somebody is at work', {
      exit: 'locked',
      hint: 'wait',
      details: ['one', 'two\nthree'],
    });
    expect(errorText(error, none)).to.equal(
      'docker rewind: somebody is at work\n  one\n  two\n  three\n→ wait\n',
    );
    expect(errorDocument(error)).to.deep.equal({
      error: {
        code: 'LOCKED',
        message: 'somebody is at work',
        hint: 'wait',
        details: ['one', 'two\nthree'],
        state: null,
        exitCode: 11,
      },
    });
  });

  it('shows the stack of a bug only when asked', () => {
    expect(internalErrorText(new Error('x is undefined'), false)).to.equal(
      'docker rewind: internal error: x is undefined (run again with --debug for the details)\n',
    );
    expect(internalErrorText(new Error('x is undefined'), true)).to.contain('    at ');
    expect(internalErrorText('thrown text', false)).to.contain('thrown text');
  });

  it('lets nothing from outside steer the terminal', () => {
    expect(plain('a\u001B[2Jb\rc\u0007\u009B1m\u202Ed')).to.equal('a\\x1b[2Jb\\x0dc\\x07\\x9b1m\\u202ed');
    expect(plain('Grüße\t日本 🚀')).to.equal('Grüße\t日本 🚀');
    expect(plainLines('a\r\nb\u001Bc')).to.deep.equal(['a', 'b\\x1bc']);
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        (text) => !/[\u0000-\u0008\u000A-\u001F\u007F-\u009F]/.test(plain(text)),
      ),
    );
  });
});

describe('the nearest name', () => {
  const names = ['deploy', 'rollback', 'history', 'status', 'set-image'];
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['deplyo', 'deploy'],
    ['rolback', 'rollback'],
    ['Status', 'status'],
    ['setimage', 'set-image'],
    ['kubectl', undefined],
    ['', undefined],
  ];
  for (const [word, expected] of cases) {
    it(`${word || '(nothing)'} → ${expected ?? 'none'}`, () =>
      expect(nearest(word, names)).to.equal(expected));
  }

  it('is the word itself where it is known', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1 }), (words) => {
        const word = words[0] as string;
        return nearest(word, words)?.toLowerCase() === word.toLowerCase();
      }),
    );
  });
});

describe('a table', () => {
  it('aligns, with two columns between', () => {
    expect(
      table(
        ['id', 'images'],
        [
          ['v10', 'web:1'],
          ['v9', 'web:2'],
        ],
        { style: none },
      ),
    ).to.equal('id   images\nv10  web:1\nv9   web:2');
  });

  it('measures without colours', () => {
    const cell = { text: 'v1', paint: colour.red };
    const lines = table(['id', 'what'], [[cell, 'x']], { style: none }).split('\n');
    expect(lines[1]).to.equal(`${colour.red('v1')}  x`);
    const cut = table(['id'], [[{ text: 'v1.2.3.4.5.6', paint: colour.red }]], { style: none, columns: 8 });
    expect(cut.split('\n')[1]).to.equal(colour.red('v1.2.3.…'));
  });

  it('lets no cell steer the terminal', () => {
    const lines = table(['id'], [['a\u001B[2Jb\nc']], { style: none }).split('\n');
    expect(lines).to.deep.equal(['id', 'a\\x1b[2Jb\\x0ac']);
  });

  it('cuts the widest column to fit, and nothing in a pipe', () => {
    const rows = [['v1', 'registry.example.com/team/api:1.4.2-rc.1']];
    expect(table(['id', 'image'], rows, { style: none, columns: 20 }).split('\n')[1]).to.equal(
      'v1  registry.exampl…',
    );
    expect(table(['id', 'image'], rows, { style: none })).to.contain('1.4.2-rc.1');
  });
});
