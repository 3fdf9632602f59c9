import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Project } from '../../../src/compose/project.ts';
import type { RewindConfig } from '../../../src/compose/rewind-config.ts';
import type { ContainerMount, ContainerState } from '../../../src/docker/containers.ts';
import {
  dataSources,
  leftDirectories,
  uses,
  withoutNested,
  type DataSource,
  type MountModel,
} from '../../../src/restore-points/source.ts';

describe('the data of a project', () => {
  let directory: string;
  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'rewind-source-')));
    for (const path of ['data/uploads', 'ro', '.rewind/points'])
      mkdirSync(join(directory, path), { recursive: true });
    writeFileSync(join(directory, 'file'), '');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const bind = (path: string, more: MountModel = {}): MountModel => ({
    type: 'bind',
    source: join(directory, path),
    ...more,
  });
  const volume = (source: string, more: MountModel = {}): MountModel => ({ type: 'volume', source, ...more });
  function sources(mounts: MountModel[], settings: RewindConfig['volumes'] = {}): DataSource[] {
    const model = {
      name: 'shop',
      services: { web: { volumes: mounts } },
      volumes: { uploads: { name: 'shop_uploads' }, ext: { name: 'elsewhere', external: true }, unused: {} },
    };
    return dataSources(
      { name: 'shop', directory, model } as unknown as Project,
      { volumes: settings } as unknown as RewindConfig,
    );
  }

  it('is in volumes and directories that a service mounts read-write, and nowhere else', () => {
    const found = sources([
      volume('uploads'),
      volume('ext', { read_only: true }),
      bind('data'),
      bind('ro', { read_only: true }),
      bind('file'),
      bind('missing'),
      bind('.rewind/points'),
      bind('.'),
      { type: 'bind', source: '/var/run/docker.sock' },
      { type: 'bind', source: '/etc' },
      { type: 'tmpfs', target: '/tmp' },
      volume(''),
    ]);
    expect(found.map(({ key, kind, source, mode }) => [key, kind, source, mode])).to.deep.equal([
      ['uploads', 'volume', 'shop_uploads', 'stop'],
      ['data', 'bind', join(directory, 'data'), 'stop'],
    ]);
  });

  it('leaves out what is said to be no data, and has the mode that is asked for', () => {
    const settings = { uploads: { backup: false }, ext: { mode: 'hot' as const } };
    expect(sources([volume('uploads'), volume('ext')], settings)).to.deep.equal([
      { key: 'ext', kind: 'volume', source: 'elsewhere', slug: 'ext', mode: 'hot' },
    ]);
  });

  it('is archived once where one directory lies in another', () => {
    const all = sources([bind('data/uploads'), bind('data'), volume('uploads')]);
    expect(withoutNested(all).map(({ key }) => key)).to.deep.equal(['uploads', 'data']);
  });

  it('is written by whoever mounts it, a part of it, or what it is a part of, by whatever path', () => {
    const [data] = sources([bind('data')]);
    symlinkSync(directory, `${directory}-link`);
    const writes = (source: string, writable = true): boolean => {
      const mount: ContainerMount = { type: 'bind', source, destination: '/x', writable };
      return uses({ mounts: [mount] } as unknown as ContainerState, data as DataSource, 'write');
    };
    try {
      for (const path of [
        join(directory, 'data'),
        join(directory, 'data/uploads'),
        directory,
        `${directory}-link/data`,
      ])
        expect(writes(path), path).to.equal(true);
      for (const path of [join(directory, 'ro'), join(directory, 'data2'), '/nowhere'])
        expect(writes(path), path).to.equal(false);
      expect(writes(join(directory, 'data'), false)).to.equal(false);
    } finally {
      rmSync(`${directory}-link`);
    }
  });

  it('has directories that are not taken, and says so', () => {
    symlinkSync(join(directory, 'data'), join(directory, 'link'));
    const mounts = [
      bind('data/uploads'), bind('file'), bind('.rewind/points'), bind('.'), bind('absent'),
      bind('link', { target: '/linked' }),
      { type: 'bind', source: '/srv', target: '/srv' },
      { type: 'bind', source: '/srv', target: '/read', read_only: true },
      { type: 'bind', source: '/opt', target: '/left' },
      ...['/', '/run', '/dev/shm', '/var/run', '/tmp'].map((source) => ({ type: 'bind', source })),
    ]; // prettier-ignore
    const model = { name: 'shop', services: { web: { volumes: mounts }, db: { volumes: mounts } } };
    const project = { name: 'shop', directory, model } as unknown as Project;
    const config = { volumes: { '/opt': { backup: false } } } as unknown as RewindConfig;
    expect(leftDirectories(project, config, (service) => service === 'web')).to.deep.equal([
      `web:/linked is not taken: ${join(directory, 'link')} is a link`,
      'web:/srv is not taken: /srv is outside of the project',
    ]);
  });
});
