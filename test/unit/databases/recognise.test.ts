import { expect } from 'chai';
import { isDataDirectory, kindOfImage } from '../../../src/databases/recognise.ts';
import { rewindConfig } from '../../../src/compose/rewind-config.ts';

describe('database services', () => {
  it('are recognised by the last part of their image, whoever built it', () => {
    const kinds: Record<string, string | undefined> = {
      postgres: 'postgres',
      'postgres:15.4-alpine': 'postgres',
      'docker.io/library/postgres:17': 'postgres',
      'postgis/postgis:16-3.4': 'postgres',
      'timescale/timescaledb:latest-pg16': 'postgres',
      'timescale/timescaledb-ha:pg16': 'postgres',
      'pgvector/pgvector:pg17': 'postgres',
      'bitnami/postgresql:16': 'postgres',
      'registry.example.com:5000/team/postgres@sha256:7e0f2d1c6a5b4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f':
        'postgres',
      'rewind-test/postgres:15': 'postgres',
      'mysql:8.4': 'mysql',
      'bitnami/mysql': 'mysql',
      'mariadb:11': 'mariadb',
      'bitnami/mariadb:10.11': 'mariadb',
      'redis:7-alpine': 'redis',
      'valkey/valkey:8': 'redis',
      'prometheuscommunity/postgres-exporter': undefined,
      'postgrest/postgrest': undefined,
      'bitnami/redis-sentinel': undefined,
      'nginx:1.27': undefined,
      constructor: undefined,
    };
    for (const [image, kind] of Object.entries(kinds)) expect(kindOfImage(image), image).to.equal(kind);
  });

  it('have their data in a mount at or around the data directory, and nothing else is covered by a dump', () => {
    const postgres = { service: 'db', kind: 'postgres' } as const;
    const model = { environment: { PGDATA: '/srv/pg/17' } };
    expect(isDataDirectory(postgres, {}, '/var/lib/postgresql/data')).to.equal(true);
    expect(isDataDirectory(postgres, {}, '/var/lib/postgresql')).to.equal(true);
    expect(isDataDirectory(postgres, {}, '/var/lib')).to.equal(true);
    expect(isDataDirectory(postgres, {}, '/var/lib/postgresql-backups')).to.equal(false);
    expect(isDataDirectory(postgres, {}, '/backups')).to.equal(false);
    expect(isDataDirectory(postgres, {}, '/srv/pg')).to.equal(false);
    expect(isDataDirectory(postgres, model, '/srv/pg')).to.equal(true);
    expect(isDataDirectory({ service: 'db', kind: 'sqlite' }, {}, '/data')).to.equal(false);
    expect(isDataDirectory({ service: 'db', kind: 'custom' }, {}, '/anything')).to.equal(true);
  });

  it('are configured with both commands or none', async () => {
    const config = (settings: object) =>
      rewindConfig({ name: 'p', services: { db: {} }, 'x-rewind': { services: { db: settings } } });
    const problem = async (settings: object): Promise<string> =>
      config(settings).then(
        () => '',
        (error: Error) => error.message,
      );
    expect(await problem({ backup: 'custom', dump: 'a' })).to.match(/without restore/);
    expect(await problem({ backup: 'custom', restore: 'a' })).to.match(/without dump/);
    expect(await problem({ backup: 'postgres', dump: 'a' })).to.match(/without backup: custom/);
    expect(await problem({ backup: 'postgre' })).to.match(/must be equal to one of the allowed values/);
    expect(await problem({ backup: 'custom', dump: 'a', restore: 'b' })).to.equal('');
    expect(await problem({ backup: 'postgres', databases: ['shop'] })).to.equal('');
  });
});
