import { expect } from 'chai';
import type { Deployment } from '../../../src/deployments/deployment.ts';
import {
  currentDeployment,
  displayId,
  findDeployment,
  previousDeployment,
} from '../../../src/deployments/select.ts';
import { RewindError } from '../../../src/errors.ts';
import { record } from './records.ts';

const previousId = (list: Deployment[], services?: string[]): string | undefined => {
  const current = currentDeployment(list);
  return current === undefined ? undefined : previousDeployment(list, current, services)?.id;
};

const thrown = (work: () => unknown): RewindError => {
  try {
    work();
  } catch (error) {
    if (error instanceof RewindError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

describe('the deployment that a rollback goes to', () => {
  it('is the last that succeeded before the current one', () => {
    expect(previousId([record(1, 'a:1'), record(2, 'a:2'), record(3, 'a:3')])).to.equal('v2');
  });

  it('is never a failed or interrupted one', () => {
    const list = [
      record(1, 'a:1'),
      record(2, 'a:2', { status: 'failed' }),
      record(3, 'a:3', { status: 'interrupted' }),
      record(4, 'a:4'),
      record(5, 'a:5', { status: 'failed' }),
    ];
    expect(currentDeployment(list)?.id).to.equal('v4');
    expect(previousId(list)).to.equal('v1');
  });

  it('goes further back after a rollback, never forward to what was just left', () => {
    const list = [record(1, 'a:1'), record(2, 'a:2'), record(3, 'a:3')];
    list.push(record(4, 'a:2', { kind: 'rollback', target: 'v2' }));
    expect(previousId(list)).to.equal('v1');
    list.push(record(5, 'a:1', { kind: 'rollback', target: 'v1' }));
    expect(previousId(list)).to.equal(undefined);
    list.push(record(6, 'a:6'));
    expect(previousId(list)).to.equal('v5');
  });

  it('skips deployments that ran the same images', () => {
    expect(previousId([record(1, 'a:1'), record(2, 'a:2'), record(3, 'a:2')])).to.equal('v1');
  });

  it('compares image IDs where a tag was moved', () => {
    const moved = record(2, 'a:1');
    moved.services['web'] = { ...moved.services['web']!, imageId: 'sha256:other' };
    expect(previousId([record(1, 'a:1'), moved])).to.equal('v1');
  });

  it('looks at the named services only', () => {
    const two = (number: number, web: string, api: string): Deployment => {
      const entry = record(number, web);
      entry.services['api'] = { image: api, digest: null, imageId: `sha256:${api}`, previousImage: null };
      return entry;
    };
    const list = [two(1, 'w:1', 'a:1'), two(2, 'w:2', 'a:2'), two(3, 'w:3', 'a:2')];
    expect(previousId(list, ['api'])).to.equal('v1');
    expect(previousId(list, ['web'])).to.equal('v2');
  });
});

describe('the deployment that a rollback goes to after a rollback of some services', () => {
  const two = (number: number, web: string, api: string, more: Partial<Deployment> = {}): Deployment => {
    const entry = record(number, web, more);
    entry.services['api'] = { image: api, digest: null, imageId: `sha256:${api}`, previousImage: null };
    return entry;
  };

  it('is that of the others: never forward, and not past it', () => {
    const list = [two(1, 'w:1', 'a:1'), two(2, 'w:2', 'a:2')];
    list.push(two(3, 'w:2', 'a:1', { kind: 'rollback', target: 'v1', changed: ['api'] }));
    expect(previousId(list)).to.equal('v1');
    list.push(two(4, 'w:1', 'a:1', { kind: 'rollback', target: 'v1' }));
    expect(previousId(list)).to.equal(undefined);
  });

  it('does not count services that came or went', () => {
    const list = [two(1, 'w:1', 'a:1'), two(2, 'w:2', 'a:1'), record(3, 'w:2')];
    expect(previousId(list)).to.equal('v1');
    expect(previousId([two(1, 'w:1', 'a:1'), record(2, 'w:1')])).to.equal(undefined);
  });
});

describe('naming a deployment', () => {
  const list = [record(1, 'a:1'), record(12, 'a:12')];

  it('takes v12 and 12', () => {
    expect(findDeployment(list, 'v12').id).to.equal('v12');
    expect(findDeployment(list, '12').id).to.equal('v12');
    expect(findDeployment(list, 'V1').id).to.equal('v1');
  });

  it('refuses what names nothing and says what there is', () => {
    expect(thrown(() => findDeployment(list, 'v3'))).to.include({
      exitCode: 4,
      message: 'there is no deployment v3: there are v1 to v12',
    });
    expect(thrown(() => findDeployment([], 'v3')).message).to.match(/nothing was deployed here yet/);
    for (const text of ['latest', '', '--help', 'v', '1.2.3', 'v-1']) {
      expect(thrown(() => findDeployment(list, text)).exitCode, text).to.equal(2);
    }
  });

  it('asks which where a merge left two', () => {
    const twins = [record(7, 'a:7', { uid: 'aaaa1111' }), record(7, 'b:7', { uid: 'bbbb2222' })];
    expect(thrown(() => findDeployment(twins, 'v7')).hint).to.match(/v7\.aaaa .*v7\.bbbb/);
    expect(findDeployment(twins, 'v7.bbbb').uid).to.equal('bbbb2222');
    expect(twins.map((entry) => displayId(entry, twins))).to.deep.equal(['v7.aaaa', 'v7.bbbb']);
    expect(displayId(list[0]!, list)).to.equal('v1');
  });
});
