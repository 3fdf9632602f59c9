import { expect } from 'chai';
import { containerFacts } from '../../../src/databases/postgres/container-facts.ts';
import { loadingJobs, loadingOptions } from '../../../src/databases/postgres/load-settings.ts';

const MB = 1024 * 1024;
const DEFAULTS = { workMem: 64 * MB, workers: 2 };
const machine = (cores: number, memory: number) => containerFacts(`0 0 ${cores} ${memory}`, []);

describe('the settings of a load', () => {
  const of = (cores: number, memory: number, indexes = DEFAULTS): string[] => {
    const facts = machine(cores, memory);
    const options = loadingOptions(facts, indexes, loadingJobs(facts));
    expect(options).to.match(/^-c synchronous_commit=off /);
    return [...options.matchAll(/=(\d+)/g)].map(([, value]) => value ?? '');
  };

  it('have indexes made in memory where there is plenty, and never with less than the server would', () => {
    expect(of(2, 16_384 * MB)).to.deep.equal([String(256 * 1024), '0']);
    expect(of(2, 2048 * MB)[0]).to.equal(String(128 * 1024));
    expect(of(2, 512 * MB)[0]).to.equal(String(64 * 1024));
    expect(of(2, 0)[0]).to.equal(String(64 * 1024));
    expect(of(2, 16_384 * MB, { ...DEFAULTS, workMem: 1024 * MB })[0]).to.equal(String(1024 * 1024));
  });

  it('have them made by more than the jobs only where there are processors left, and as the server lets it', () => {
    expect(of(1, 0)[1]).to.equal('0');
    expect(of(4, 0)[1]).to.equal('0');
    expect(of(8, 0)[1]).to.equal('1');
    expect(of(64, 0)[1]).to.equal('2');
    expect(of(64, 0, { ...DEFAULTS, workers: 0 })[1]).to.equal('0');
  });
});

describe('what a container says of itself', () => {
  it('is read with paths of any kind', () => {
    expect(
      containerFacts('999 70 2 1000 00000000a80425fb', ['5000 /tmp', '0 /var/lib/my data']),
    ).to.deep.equal({
      uid: 999,
      gid: 70,
      readsAll: true,
      cores: 2,
      memory: 1000,
      places: [
        { path: '/tmp', free: 5000 },
        { path: '/var/lib/my data', free: 0 },
      ],
    });
  });

  it('says who may read the files of others', () => {
    const readsAll = (line: string): boolean => containerFacts(line, []).readsAll;
    expect(readsAll('0 0 2 1000 000001ffffffffff')).to.equal(true);
    for (const capabilities of ['', ' 0', ' 00000000a80425f9', ' what'])
      expect(readsAll(`0 0 2 1000${capabilities}`), capabilities).to.equal(false);
  });

  it('is no place for a file where it does not say whose that would be', () => {
    const facts = containerFacts('', ['5000 /tmp']);
    expect(facts).to.deep.include({ readsAll: false, cores: 1, memory: 0, places: [] });
  });
});
