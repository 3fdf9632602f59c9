import { expect } from 'chai';
import type { Project } from '../../../src/compose/project.ts';
import { rewindConfig } from '../../../src/compose/rewind-config.ts';
import { selectData } from '../../../src/restore-points/data-selection.ts';

const mount = (source: string, target: string) => ({ type: 'volume', source, target });
const SERVICES = {
  db: {
    image: 'postgres:15',
    volumes: [mount('pg', '/var/lib/postgresql/data'), mount('exports', '/exports')],
  },
  web: { image: 'web:1', volumes: [mount('uploads', '/uploads')] },
  reports: { image: 'reports:1', volumes: [mount('shared', '/var/lib/postgresql/data')] },
  second: { image: 'postgres:17', volumes: [mount('shared', '/var/lib/postgresql/data')] },
};
const VOLUMES = { pg: null, exports: null, uploads: null, shared: null };

async function select(names: string[], rewind: object = {}) {
  const model = { name: 'p', services: SERVICES, volumes: VOLUMES, 'x-rewind': rewind };
  const project = { name: 'p', directory: '/srv/p', model } as unknown as Project;
  const { sources, databases } = selectData(project, await rewindConfig(model), names);
  return {
    sources: sources.map(({ key, mode }) => `${key} ${mode}`),
    databases: databases.map(({ service, databases: some }) => [service, ...(some ?? [])].join(' ')),
  };
}

describe('what a restore point is taken of', () => {
  it('is dumps instead of the data volumes of databases, and volumes for all else', async () => {
    expect(await select([])).to.deep.equal({
      // A volume beside the data does not stop the server; one that somebody else writes to is archived as any other.
      sources: ['exports hot', 'uploads stop', 'shared stop'],
      databases: ['db', 'second'],
    });
  });

  it('is what x-rewind says', async () => {
    const services = { db: { backup: 'volumes' }, second: { backup: 'none' } };
    expect(await select([], { services })).to.deep.equal({
      sources: ['pg stop', 'exports stop', 'uploads stop', 'shared stop'],
      databases: [],
    });
    const both = await select([], { volumes: { pg: { backup: true }, uploads: { backup: false } } });
    expect(both).to.deep.equal({
      sources: ['pg stop', 'exports hot', 'shared stop'],
      databases: ['db', 'second'],
    });
    expect((await select([], { services: { db: { backup: 'none' } } })).sources).to.not.include('pg stop');
    expect((await select([], { services: { db: { databases: ['a'] } } })).databases).to.deep.equal([
      'db a',
      'second',
    ]);
  });

  it('is what is named: services, single databases, volumes', async () => {
    expect(await select(['db/shop', 'uploads', 'db/a/b'])).to.deep.equal({
      sources: ['uploads stop'],
      databases: ['db shop a/b'],
    });
    expect(await select(['db/shop', 'db'])).to.deep.equal({ sources: [], databases: ['db'] });
    expect(await select(['pg'])).to.deep.equal({ sources: ['pg stop'], databases: [] });
    expect(await select(['p_pg'])).to.deep.equal({ sources: ['pg stop'], databases: [] });
    const error = await select(['secnd']).catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: 'UNKNOWN_VOLUME', exitCode: 2, hint: 'Did you mean second?' });
  });
});
