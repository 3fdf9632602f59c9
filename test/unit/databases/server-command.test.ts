import { expect } from 'chai';
import type { ServiceModel } from '../../../src/compose/project.ts';
import type { EngineKind } from '../../../src/databases/engine.ts';
import { runsServer } from '../../../src/databases/server-command.ts';

const cases: [EngineKind, ServiceModel, boolean][] = [
  ['postgres', {}, true],
  ['postgres', { command: null, entrypoint: null }, true],
  ['postgres', { command: ['postgres', '-c', 'fsync=off'] }, true],
  ['postgres', { command: ['-c', 'shared_buffers=1GB'] }, true],
  ['postgres', { command: ['/usr/lib/postgresql/17/bin/postgres'] }, true],
  ['postgres', { command: ['sh', '-c', 'prepare && exec docker-entrypoint.sh postgres -c fsync=off'] }, true],
  ['postgres', { command: ['bash', '-ec', 'exec gosu postgres postgres -D /data'] }, true],
  ['postgres', { entrypoint: ['/start.sh'], command: ['postgres'] }, true],
  [
    'postgres',
    { command: ['sh', '-c', 'while :; do psql -U postgres shop -c "select 1"; sleep 60; done'] },
    false,
  ],
  ['postgres', { command: ['pg_dump', '-U', 'postgres', 'shop'] }, false],
  ['postgres', { entrypoint: ['psql'], command: ['-h', 'db'] }, false],
  ['postgres', { command: ['sleep', 'infinity'] }, false],
  ['redis', { command: ['redis-server', '--appendonly', 'yes'] }, true],
  ['redis', { command: ['sh', '-c', 'redis-server --requirepass "$PASSWORD"'] }, true],
  ['redis', { command: ['redis-cli', '-h', 'cache', 'monitor'] }, false],
  ['mariadb', { command: ['--character-set-server=utf8mb4'] }, true],
  ['mariadb', { command: ['mysqld', '--log-bin'] }, true],
  ['mariadb', { command: ['mariadb-backup', '--backup'] }, false],
];

describe('the command of a database image', () => {
  for (const [kind, model, server] of cases) {
    it(`${JSON.stringify(model)} ${server ? 'is' : 'is no'} ${kind} server`, () => {
      expect(runsServer(kind, model)).to.equal(server);
    });
  }
});
