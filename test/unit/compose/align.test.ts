import { expect } from 'chai';
import { align } from '../../../src/compose/image-source/align.ts';
import type { Span } from '../../../src/compose/image-source/spans.ts';

const file = { path: '/c.yml', real: '/c.yml', text: '', bom: 0 };

/** `'x:'` is literal, `'$A=1'` a variable from an env file, `'!A=1'` one from the process, `'?A'` one that is not set. */
function spans(...parts: string[]): Span[] {
  return parts.map((part, index): Span => {
    const [, kind, name, text = ''] = /^([$!?])(\w+)(?:=(.*))?$/.exec(part) ?? [];
    if (kind === '!') return { kind: 'fixed', text, variable: name as string };
    if (kind === '?') return { kind: 'unset', text: '', variable: name as string, required: false };
    const own = kind === undefined ? part : text;
    const at = { file, value: own, starts: [], ends: [], home: index };
    const origin = kind === undefined ? 'value' : 'env';
    return { kind: 'text', text: own, at, from: 0, to: own.length, origin };
  });
}

const lines: [parts: string[], wanted: string, texts: string[] | undefined][] = [
  [['x:', '$T=1'], 'x:2', ['x:', '2']],
  [['$R=r', ':', '$T=1'], 'r:2', ['r', ':', '2']],
  [['$R=r', ':', '$T=1'], 'h:5000/s:2', ['h:5000/s', ':', '2']],
  [['$R=a', '-node:', '$T=1'], 'b-node:1', ['b', '-node:', '1']],
  [['x:', '!T=1'], 'x:2', undefined],
  [['x:', '!T=1'], 'x:12', undefined],
  [['x:', '!T=1'], 'x:1', ['x:', '1']],
  [['!R=r', '/x:', '$T=1'], 'r/x:2', ['r', '/x:', '2']],
  [['!R=r', '/x:1'], 's/x:1', undefined],
  [['x:', '?T'], 'x:2', undefined],
  [['x:', '?T', '-alpine'], 'x:2-alpine', undefined],
  [['?R', 'app:1'], 'app:2', ['', 'app:2']],
  [['docker:', '$V=29', '-dind'], 'docker:30', ['docker:', '30', '']],
  [['x@', '$D=sha256:ab'], 'x:2', ['x:', '2']],
];

describe('image-source: which piece gets which text', () => {
  for (const [parts, wanted, texts] of lines) {
    it(`${parts.join(' ')} → ${wanted}`, () => {
      expect(align(spans(...parts), wanted, false)).deep.equal(texts);
    });
  }

  it('a variable that is used twice gets one text', () => {
    const [first, second, third, fourth] = spans('$T=1', '/x:', '$T=1', '-a') as [Span, Span, Span, Span];
    const same = { ...third, at: (first as Extract<Span, { kind: 'text' }>).at } as Span;
    expect(align([first, second, same, fourth], '2/x:2-a', false)).deep.equal(['2', '/x:', '2', '-a']);
    expect(align([first, second, same, fourth], '2/x:3-a', false)).equal(undefined);
  });

  it('a variable that is not set gets a text when a line may be added', () => {
    expect(align(spans('x:', '?T'), 'x:2', true)).deep.equal(['x:', '2']);
    expect(align(spans('x:', '?T', '-alpine'), 'x:2-alpine', true)).deep.equal(['x:', '2', '-alpine']);
  });
});
