import { expect } from 'chai';
import Backup from '../../src/commands/backup.ts';
import Restore from '../../src/commands/restore.ts';
import { DataProject } from '../integration/volumes/data-project.ts';
import { until } from '../integration/world.ts';
import { CallShim, type Fault } from './call-shim.ts';
import {
  describeFault,
  everyCall,
  expectHonest,
  expectUnlocked,
  faultyRun,
  recoverWhereNeeded,
} from './faulty-run.ts';

// What the helper does on an engine that shares no files with this host.
const SCRIPT = 'docker exec *';

const BACKUP: Fault[] = [
  { mode: 'fail', number: 1, pattern: 'docker run *' },
  { mode: 'lost', number: 1, pattern: 'docker run *' },
  { mode: 'kill', number: 1, pattern: 'docker run *' },
  { mode: 'fail', number: 1, pattern: 'docker container stop *' },
  { mode: 'lost', number: 1, pattern: 'docker container stop *' },
  { mode: 'fail', number: 1, pattern: 'docker container start *' },
  { mode: 'lost', number: 1, pattern: 'docker container start *' },
  { mode: 'hang', number: 1, pattern: 'docker container stop *' },
  { mode: 'cut', number: 1, pattern: 'docker ps *volume=*' },
  { mode: 'fail', number: 1, pattern: 'docker ps *volume=*' },
];

const RESTORE: Fault[] = [
  { mode: 'lost', number: 1, pattern: 'docker run *' },
  { mode: 'lost', number: 1, pattern: 'docker container start *' },
  { mode: 'hang', number: 1, pattern: 'docker container start *' },
];

const BACKUP_ELSEWHERE: Fault[] = [
  { mode: 'fail', number: 1, pattern: SCRIPT },
  { mode: 'lost', number: 2, pattern: SCRIPT },
  { mode: 'kill', number: 2, pattern: SCRIPT },
];

const RESTORE_ELSEWHERE: Fault[] = [
  { mode: 'fail', number: 3, pattern: SCRIPT },
  { mode: 'fail', number: 1, pattern: 'docker exec *move_all*' },
  { mode: 'lost', number: 1, pattern: 'docker exec *move_all*' },
];

const STATE = 'cd /data && find . ! -name . | sort && find . -type f | sort | xargs cat';

describe('a backup or restore while docker fails, hangs or is cut off', () => {
  let project: DataProject;
  let point: string;
  let id: string;
  const here = new CallShim();
  const elsewhere = new CallShim({ elsewhere: true });

  before(async () => {
    project = await DataProject.make();
    await inService('mkdir /data/d && echo old >/data/d/file && echo same >/data/same');
    point = (await project.backup()).id;
    id = (await project.containers())[0]?.id ?? '';
  });
  after(async () => {
    await project.remove();
    for (const shim of [here, elsewhere]) shim.remove();
  });

  const inService = (script: string): Promise<string> => project.inService(script);

  async function faulty(shim: CallShim, args: string[], fault: Fault, codes: object) {
    const what = describeFault(fault);
    const outcome = await faultyRun(project, shim, args, fault);
    if (fault.pattern !== '*') expect(shim.hit, `${what} came to pass`).to.be.a('string');
    const said = `${what} (${(shim.hit ?? 'no such call').slice(0, 200)})\n${outcome.stderr}`;
    expectHonest(outcome, codes, said);
    await recoverWhereNeeded(project, outcome, said);
    const [container] = await project.containers();
    expect(container, said).to.include({ id, status: 'running', health: 'healthy' });
    await expectUnlocked(project, shim, said);
    expect(await project.leftovers(), said).to.deep.equal([]);
    return { outcome, said };
  }

  /** The data is as before, and there is a whole new point or none. */
  async function backup(shim: CallShim, fault: Fault): Promise<void> {
    const [state, points] = [await inService(STATE), project.points()];
    const { outcome, said } = await faulty(shim, ['backup'], fault, Backup.exitCodes);
    expect(await inService(STATE), said).to.equal(state);
    const made = project.points().filter((name) => !points.includes(name));
    if (outcome.exitCode === 0) expect(made, said).to.have.lengthOf(1);
    else if (made.length > 0) expect(outcome.stderr).to.include(`${made[0]} is complete and stays`);
    for (const name of made) await project.must(['inspect', name]);
  }

  /** The data is as before or as in the point, never a mix. */
  async function restore(shim: CallShim, fault: Fault): Promise<void> {
    await inService('echo new >/data/d/file; echo more >/data/more');
    const state = await inService(STATE);
    const args = ['restore', point, '--yes', '--no-safety-backup'];
    const { outcome, said } = await faulty(shim, args, fault, Restore.exitCodes);
    const now = await inService(STATE);
    if (outcome.exitCode === 0) expect(now, said).to.include('old').and.not.to.include('more');
    // Where the engine seemed to go away after services ran on the restored data, or somebody did not wait any longer,
    // recover has brought it to its end.
    else if ([5, 143].includes(outcome.exitCode) && now !== state)
      expect(now, said).to.include('old').and.not.to.include('more');
    else expect(now, said).to.equal(state);
  }

  const places = [
    { place: 'here', shim: here, backups: BACKUP, restores: RESTORE },
    { place: 'elsewhere', shim: elsewhere, backups: BACKUP_ELSEWHERE, restores: RESTORE_ELSEWHERE },
  ];
  for (const { place, shim, backups, restores } of places) {
    for (const fault of backups)
      it(`backup, the engine is ${place}: ${describeFault(fault)}`, () => backup(shim, fault));
    for (const fault of restores)
      it(`restore, the engine is ${place}: ${describeFault(fault)}`, () => restore(shim, fault));
    everyCall(
      `backup, the engine is ${place}`,
      () => project,
      shim,
      () => faultyRun(project, shim, ['backup'], undefined),
      (fault) => backup(shim, fault),
    );
    everyCall(
      `restore, the engine is ${place}`,
      () => project,
      shim,
      () => faultyRun(project, shim, ['restore', point, '--yes', '--no-safety-backup'], undefined),
      (fault) => restore(shim, fault),
    );
  }

  describe('in the middle of a swap that takes a while', () => {
    let earlier: string;
    before(async () => {
      earlier = point;
      await inService('mkdir /data/many && cd /data && seq 30000 | sed s/^/many-/ | xargs touch');
      point = (await project.backup()).id;
    });
    after(async () => {
      await inService('rm -r /data/many; find /data -name "many-*" -exec rm -f {} +');
      point = earlier;
    });

    it('its client dies, and the helper goes on with it meanwhile', () =>
      restore(elsewhere, { mode: 'kill', number: 1, pattern: 'docker exec *move_all*' }));

    it('the helper is killed', async () => {
      await inService('echo new >/data/d/file; echo more >/data/more');
      const state = await inService(STATE);
      let ended = false;
      const restoring = project
        .rewind(['restore', point, '--yes', '--no-safety-backup'])
        .finally(() => (ended = true));
      const helper = `label=docker-rewind.helper`;
      const filters = ['--filter', helper, '--filter', `volume=${project.volume('data')}`];
      const moving = async (): Promise<string | undefined> => {
        const [name] = (await project.docker(['ps', '-q', ...filters])).stdout.split('\n');
        if (name === undefined || name === '') return undefined;
        return /\bmv -t\b/.test((await project.docker(['top', name])).stdout) ? name : undefined;
      };
      let name: string | undefined;
      await until('the swap', async () => (name = await moving()) !== undefined || ended, 60_000);
      expect(name, 'the swap was seen').to.be.a('string');
      await project.docker(['kill', name ?? '']);
      const outcome = await restoring;
      expect(outcome.exitCode, outcome.stderr).to.equal(1);
      expect(outcome.stderr).to.match(/the helper container failed/);
      expect(await inService(STATE)).to.equal(state);
      expect(await project.leftovers()).to.deep.equal([]);
    });
  });
});
