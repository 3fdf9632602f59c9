import { expect } from 'chai';
import { asksForHelp, findCommandId, readCommandLine } from '../../../src/cli/argv.ts';

const read = (line: string) => readCommandLine(line === '' ? [] : line.split(' '));

describe('the command line', () => {
  it('splits the verb and its words off', () => {
    expect(read('rewind rollback --to v3')).to.deep.equal({
      kind: 'run',
      globals: [],
      debug: false,
      leading: [],
      words: ['rollback', '--to', 'v3'],
    });
  });

  it('reads the same without the name, for docker-rewind typed directly', () => {
    expect(read('rollback v3')).to.deep.equal(read('rewind rollback v3'));
  });

  const globals: readonly (readonly [string, readonly string[]])[] = [
    ['--context x rewind history', ['--context', 'x']],
    ['--context=x rewind history', ['--context', 'x']],
    ['-c x rewind history', ['--context', 'x']],
    ['-cx rewind history', ['--context', 'x']],
    ['-H unix:///a.sock rewind history', ['--host', 'unix:///a.sock']],
    ['-H=unix:///a.sock rewind history', ['--host', 'unix:///a.sock']],
    ['--config /etc/docker rewind history', ['--config', '/etc/docker']],
    ['-l warn rewind history', ['--log-level', 'warn']],
    [
      '--tls --tlsverify=false --tlscacert a.pem rewind history',
      ['--tls', '--tlsverify=false', '--tlscacert', 'a.pem'],
    ],
    ['--context x rewind --host y history', ['--context', 'x', '--host', 'y']],
    ['--context rewind rewind history', ['--context', 'rewind']],
  ];
  for (const [line, expected] of globals) {
    it(`passes docker's own flags on: ${line}`, () => {
      const { globals: actual, words, leading } = read(line);
      expect(actual).to.deep.equal(expected);
      expect(words).to.deep.equal(['history']);
      expect(leading).to.deep.equal([]);
    });
  }

  it('takes -D as a wish for details, alone and in a cluster', () => {
    expect(read('-D rewind history')).to.deep.include({ globals: ['--debug'], debug: true });
    expect(read('-Dc x rewind history')).to.deep.include({
      globals: ['--debug', '--context', 'x'],
      debug: true,
    });
    expect(read('--debug=false rewind history')).to.deep.include({ debug: false });
  });

  it('moves flags that stand before the verb behind it', () => {
    const line = read(
      'rewind -f a.yml --file=b.yml -p shop --profile x --json --ansi never deploy web=web:2',
    );
    expect(line.leading).to.deep.equal(
      '--file a.yml --file b.yml --project-name shop --profile x --json --ansi never'.split(' '),
    );
    expect(line.words).to.deep.equal(['deploy', 'web=web:2']);
  });

  it('keeps an unknown flag before the verb for the command to refuse', () => {
    expect(read('rewind --colour deploy')).to.deep.include({ leading: ['--colour'], words: ['deploy'] });
    expect(read('rewind -x deploy')).to.deep.include({ leading: ['-x'], words: ['deploy'] });
  });

  for (const line of [
    'help rewind deploy',
    'rewind help deploy',
    'rewind --help deploy',
    'rewind -h deploy',
  ]) {
    it(`asks for help: ${line}`, () => {
      expect(read(line)).to.deep.include({ kind: 'help', words: ['deploy'] });
    });
  }

  it('asks for help of the whole', () => {
    expect(read('help rewind')).to.deep.include({ kind: 'help', words: [] });
    expect(read('--context x help rewind')).to.deep.include({ kind: 'help', globals: ['--context', 'x'] });
  });

  it('asks for the version', () => {
    expect(read('rewind --version')).to.deep.include({ kind: 'version' });
    expect(read('rewind -v')).to.deep.include({ kind: 'version' });
  });

  it('completes, with the word being typed last, be it empty or a flag', () => {
    expect(read('__complete rewind -f x.yml deploy --mess')).to.deep.include({
      kind: 'complete',
      leading: ['--file', 'x.yml'],
      words: ['deploy', '--mess'],
    });
    expect(read('__complete rewind ')).to.deep.include({ kind: 'complete', words: [''] });
    expect(read('__completeNoDesc --context x rewind --pro')).to.deep.include({
      kind: 'complete',
      words: ['--pro'],
    });
    expect(read('__complete rewind help')).to.deep.include({ kind: 'complete', words: ['help'] });
  });
});

describe('the command of a line', () => {
  const ids = ['deploy', 'plugin:install', 'plugin:remove'];
  const cases: readonly (readonly [string, ReturnType<typeof findCommandId>])[] = [
    ['deploy a b', { id: 'deploy', rest: ['a', 'b'] }],
    ['plugin install --json', { id: 'plugin:install', rest: ['--json'] }],
    ['plugin', { topic: 'plugin', rest: [] }],
    ['plugin instal', { topic: 'plugin', rest: ['instal'] }],
    ['deploi', { rest: ['deploi'] }],
  ];
  for (const [line, expected] of cases) {
    it(line, () => expect(findCommandId(line.split(' '), ids)).to.deep.equal(expected));
  }

  it('takes no value and nothing behind -- for a wish for help', () => {
    expect(asksForHelp(['v3', '--help'])).to.equal(true);
    expect(asksForHelp(['-h'])).to.equal(true);
    expect(asksForHelp(['--', '--help'])).to.equal(false);
    expect(asksForHelp(['--message=--help'])).to.equal(false);
  });
});
