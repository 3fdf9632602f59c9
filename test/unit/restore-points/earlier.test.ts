import { expect } from 'chai';
import { earlierOf, lastDumps } from '../../../src/restore-points/earlier.ts';
import type { Manifest, VolumeArtifact } from '../../../src/restore-points/manifest.ts';
import type { Layer } from '../../../src/restore-points/volume/layer.ts';

const scope = { project: 'shop', environment: 'default' };
const file = (path: string, bytes = 1) => ({ path, bytes, sha256: '' });
const layer = (madeFor: string, bytes: number): Layer => ({
  archive: file('a', bytes),
  deleted: null,
  point: madeFor,
});
const full = layer('full', 1000);

function point(id: string, changes: Partial<VolumeArtifact> = {}, project = 'shop'): Manifest {
  const volume = {
    key: 'data', tools: 'gnu', layers: [full], index: file(`index of ${id}`), base: null, ...changes,
  }; // prettier-ignore
  return { id, project, environment: 'default', volumes: [volume] } as unknown as Manifest;
}
const differential = (id: string, bytes: number): Manifest =>
  point(id, {
    layers: [full, layer(id, bytes)],
    base: { point: 'full', layers: 1, index: file('index of full') },
  });

describe('what a new archive builds on', () => {
  it('is the full of the newest point, as that point itself holds it', () => {
    const { base, last, full: due } = earlierOf([differential('d2', 9), point('full')], scope, 'data');
    expect(base).to.include({ point: 'full', heldBy: 'd2' }).and.have.property('layers').with.length(1);
    expect(last).to.include({ point: 'd2' }).and.have.property('layers').with.length(2);
    expect(due).to.equal(false);
  });

  it('is nothing of another project, another volume or BusyBox', () => {
    for (const other of [
      point('x', {}, 'other'),
      point('x', { key: 'else' }),
      point('x', { tools: 'busybox' }),
    ])
      expect(earlierOf([other], scope, 'data')).to.deep.equal({ full: true });
  });

  it('is nothing when the differential has grown to half of its full, or after twenty', () => {
    expect(earlierOf([differential('d', 500)], scope, 'data').full).to.equal(false);
    expect(earlierOf([differential('d', 501)], scope, 'data').full).to.equal(true);
    const many = (count: number): Manifest[] =>
      Array.from({ length: count }, (_, n) => differential(`d${n}`, 9));
    expect(earlierOf([...many(19), point('full')], scope, 'data').full).to.equal(false);
    expect(earlierOf([...many(20), point('full')], scope, 'data').full).to.equal(true);
  });
});

describe('what dumps take', () => {
  it('is what the newest ones of each service took, of this project alone', () => {
    const dumps = (id: string, dumped: Record<string, number[]>, project = 'shop'): Manifest =>
      ({
        id,
        project,
        databases: Object.entries(dumped).flatMap(([service, sizes]) =>
          sizes.map((bytes) => ({ service, dump: file('d', bytes) })),
        ),
      }) as unknown as Manifest;
    const points = [
      dumps('5', { db: [900] }, 'other'),
      dumps('4', {}),
      dumps('3', { db: [10, 20] }),
      dumps('2', { db: [500], cache: [7] }),
    ];
    const services = (...names: string[]) => names.map((service) => ({ service }));
    expect(lastDumps(points, scope, services('db'))).to.equal(30);
    expect(lastDumps(points, scope, services('db', 'cache'))).to.equal(37);
    expect(lastDumps(points, scope, services('never'))).to.equal(0);
  });
});
