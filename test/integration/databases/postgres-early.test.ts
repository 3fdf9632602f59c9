import { expect } from 'chai';
import { CallShim } from '../../faults/call-shim.ts';
import { until } from '../world.ts';
import { PostgresProject } from './postgres-project.ts';

describe('what a PostgreSQL server is asked first is begun before all is known', () => {
  let project: PostgresProject;
  const shim = new CallShim();
  before(async () => {
    project = await PostgresProject.make({
      services: [
        'client:',
        '  image: rewind-test/postgres:15',
        '  command: [sleep, infinity]',
        '  init: true',
      ],
    });
    await project.sql('create database shop');
    await project.sql('create table state as select 1 as number', 'shop');
  });
  after(async () => {
    shim.remove();
    await project.remove();
  });

  const run = async (...args: string[]): Promise<{ exitCode: number; calls: string[] }> => {
    shim.arm();
    const { exitCode } = await project.rewind(args, { env: shim.env });
    return { exitCode, calls: shim.calls };
  };
  const ways = (calls: readonly string[]): string[] =>
    calls.filter((call) => call.startsWith('docker exec '));
  /** Scripts of ours that wait in the container, or work there. */
  const atWork = async (): Promise<string> =>
    project.inside('cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" "\\n" | grep "^docker-rewind " || true');

  it('and no way into the container is begun in vain: of a dump', async () => {
    const { exitCode, calls } = await run('backup', 'db/shop');
    expect(exitCode).to.equal(0);
    // Its session, the dump, and what belongs to the server.
    expect(ways(calls)).to.have.lengthOf(3);
  });

  it('of a dump of all that is there', async () => {
    const { exitCode, calls } = await run('backup');
    expect(exitCode).to.equal(0);
    // Which databases there are, and whether anybody uses `postgres`.
    expect(ways(calls)).to.have.lengthOf(5);
  });

  it('and of a restore', async () => {
    const { exitCode, calls } = await run('restore', 'latest', '--yes', '--no-safety-backup');
    expect(exitCode).to.equal(0);
    // The look, the load, and the way for all that comes after it.
    expect(ways(calls)).to.have.lengthOf(3);
  });

  it('has done nothing, and is gone, where the command is refused', async () => {
    const roles = await project.globals();
    const { exitCode, calls } = await run('backup', 'db/shop', 'no-such-volume');
    expect(exitCode).to.equal(2);
    expect(ways(calls)).to.have.length.at.most(2);
    await until('nothing of it is there', async () => (await atWork()) === '');
    expect(await project.leftovers()).to.deep.equal([]);
    expect(await project.globals()).to.equal(roles);
  });

  it('is not begun for a dry run of a backup', async () => {
    const { exitCode, calls } = await run('backup', '--dry-run');
    expect(exitCode).to.equal(0);
    expect(ways(calls)).to.deep.equal([]);
  });
});
