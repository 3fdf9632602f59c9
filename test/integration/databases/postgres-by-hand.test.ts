import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ROOT } from '../../e2e/installed.ts';
import { EVERYTHING, ROLES } from './postgres-everything.ts';
import { PASSWORD, PostgresProject } from './postgres-project.ts';
import { POSTGRES_SERVER } from './servers.ts';

describe('docs/databases.md', () => {
  let project: PostgresProject;
  afterEach(() => project.remove());

  it('puts a PostgreSQL database back with its own tools alone', async () => {
    project = await PostgresProject.make();
    await project.sql(ROLES);
    await project.sql('create database shop');
    await project.sql(EVERYTHING, 'shop');
    const rows = await project.rows('shop');
    const { id } = await project.backup();
    await project.sql('drop database shop');
    await project.sql('drop role owner; drop role reader');

    const text = readFileSync(join(ROOT, 'docs/databases.md'), 'utf8');
    const script = /<!-- by-hand-postgres[^\n]*\n+```sh\n(.*?)```/s.exec(text)?.[1] ?? '';
    expect(script).to.match(/pg_restore/);
    const [server] = await project.containers('db');
    const variables = {
      POINT: '/point', SERVICE: 'db', DATABASE: 'shop', TARGET: 'shop', PGHOST: '127.0.0.1', PGUSER: 'postgres',
      PGPASSWORD: PASSWORD,
    }; // prettier-ignore
    const outcome = await project.docker([
      'run', '--rm', '--network', `container:${server?.id ?? ''}`, '--entrypoint', 'sh',
      '-v', `${project.path(`.rewind/points/${id}`)}:/point:ro`, '--tmpfs', '/var/lib/postgresql/data',
      ...Object.entries(variables).flatMap(([name, value]) => ['-e', `${name}=${value}`]),
      `rewind-test/${POSTGRES_SERVER}`, '-euc', script,
    ]); // prettier-ignore
    expect(outcome.exitCode, outcome.stderr).to.equal(0);
    expect(await project.rows('shop')).to.equal(rows);
  });
});
