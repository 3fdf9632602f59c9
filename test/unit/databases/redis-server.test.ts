import { expect } from 'chai';
import type { DatabaseArtifact } from '../../../src/databases/engine.ts';
import { advise, newestFormat } from '../../../src/databases/redis/advice.ts';
import { modulesIn } from '../../../src/databases/redis/modules.ts';
import { listOf, quote, unquote } from '../../../src/databases/redis/reply.ts';
import { memoryLeft } from '../../../src/databases/redis/room.ts';
import { secondConfig } from '../../../src/databases/redis/second-config.ts';

describe('talking to a Redis server', () => {
  it('quotes and unquotes every byte', () => {
    for (const text of [
      'plain',
      'a b',
      'quo"te',
      'back\\slash',
      'new\nline',
      'ünïcode €',
      '',
      "$(x) `y` 'z'",
    ])
      expect(unquote(quote(text).startsWith('"') ? quote(text) : `"${quote(text)}"`)).to.equal(text);
    expect(unquote('"a\\"b\\n\\xe2\\x82\\xac"')).to.equal('a"b\n€');
  });

  it('reads lists in lists', () => {
    const lines = [
      '1) 1) "name"', '   2) "bf"', '   3) "ver"', '   4) (integer) 20809', '   5) "path"', '   6) "/a.so"',
      '   7) "args"', '   8) 1) "X"', '      2) "name"', '2) 1) "name"', '   2) "json"', '   3) "path"', '   4) ""',
      '   5) "args"', '   6) (empty array)',
    ]; // prettier-ignore
    expect(modulesIn(listOf(lines))).to.deep.equal([
      { name: 'bf', path: '/a.so', args: ['X', 'name'] },
      { name: 'json', path: '', args: [] },
    ]);
    expect(listOf([' 9) "i"', '10) "j"'])).to.deep.equal(['i', 'j']);
    expect(listOf(['(empty array)'])).to.deep.equal([]);
  });

  it('gives the second server a configuration that no password can break out of', () => {
    const text = secondConfig({
      port: 20001,
      directory: '/data/.rewind-restore-a1',
      file: 'restored.rdb',
      user: 'sync',
      password: 'a "b"\nport 6379',
      databases: '16',
      modules: [
        { name: 'bf', path: '/opt/bf.so', args: ['MAX', '5'] },
        { name: 'vectorset', path: '', args: [] },
      ],
    });
    expect(text.match(/^"?port/gm)).to.have.length(1);
    expect(text).to.contain('requirepass "a \\x22b\\x22\\x0aport 6379"\n');
    expect(text).to.contain('loadmodule /opt/bf.so MAX 5\n');
    expect(text.match(/loadmodule/g)).to.have.length(1);
  });

  it('knows how much memory is left', () => {
    expect(memoryLeft('max', '5', '1000')).to.equal(1_024_000);
    expect(memoryLeft('9223372036854771712', '5', '1000')).to.equal(1_024_000);
    expect(memoryLeft('1000', '400', '1000')).to.equal(600);
    expect(memoryLeft('100', '400', '1000')).to.equal(0);
    expect(memoryLeft('max', '0', '')).to.equal(undefined);
  });
});

describe('putting a dump into another version of Redis', () => {
  const artifact = (version: string, format: number, modules: string[] = []) =>
    ({
      service: 'cache',
      key: 'cache/cache',
      version,
      details: { format, modules, rdbBytes: 1, usedMemory: 1, databases: null },
    }) as unknown as DatabaseArtifact;
  const advice = (from: DatabaseArtifact, to: string): string[] =>
    advise(from, { version: to, databases: [] });

  it('knows the newest file that each reads', () => {
    expect(
      ['6.2.14', '7.0.15', '7.2.4', '7.4.1', '8.0.0', '9.1.0'].map((v) => newestFormat(v)),
    ).to.deep.equal([9, 10, 11, 12, 12, undefined]);
    expect(['valkey 8.1.1', 'valkey 9.0.0', 'valkey 10.0.0'].map((v) => newestFormat(v))).to.deep.equal([
      11,
      80,
      undefined,
    ]);
  });

  it('says so, and refuses what cannot be read', () => {
    expect(advice(artifact('7.0.15', 10), '7.2.4')).to.have.length(1);
    expect(advice(artifact('7.0.15', 10), 'valkey 8.1.1')[0]).to.equal(
      'dumped from redis 7.0.15, goes into valkey 8.1.1',
    );
    expect(() => advice(artifact('valkey 8.1.1', 11), '7.0.15')).to.throw(
      'cache runs redis 7.0.15, which cannot read a dump of valkey 8.1.1',
    );
    expect(advice(artifact('7.0.15', 10, ['bf']), '7.0.15')[0]).to.contain('modules bf');
  });

  it('takes nothing from a manifest that is not what it should be', () => {
    for (const changed of [{ modules: 'bf' }, { databases: [null] }, { rdbBytes: -1 }, { usedMemory: '1' }]) {
      const forged = artifact('7.0.15', 10);
      Object.assign(forged.details, changed);
      expect(() => advice(forged, '7.0.15'), JSON.stringify(changed)).to.throw(
        'does not describe cache/cache',
      );
    }
  });
});
