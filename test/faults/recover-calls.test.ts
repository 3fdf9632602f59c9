import { expect } from 'chai';
import Recover from '../../src/commands/recover.ts';
import { DataProject } from '../integration/volumes/data-project.ts';
import { CallShim, type Fault } from './call-shim.ts';
import { describeFault, everyCall, expectHonest, faultyRun, killedAt } from './faulty-run.ts';

const FAULTS: Fault[] = [
  { mode: 'fail', number: 1, pattern: 'docker container start *' },
  { mode: 'lost', number: 1, pattern: 'docker container start *' },
  { mode: 'cut', number: 1, pattern: 'docker container inspect *' },
  { mode: 'lost', number: 1, pattern: 'docker container rm *' },
];

describe('recover while docker fails, hangs or is cut off', () => {
  let project: DataProject;
  let id: string;
  const shim = new CallShim();

  before(async () => {
    project = await DataProject.make();
    id = (await project.containers())[0]?.id ?? '';
  });
  after(async () => {
    await project.remove();
    shim.remove();
  });

  /** A backup that is killed while its services are stopped; whatever goes wrong, recover can be run again. */
  async function check(fault: Fault): Promise<void> {
    const what = describeFault(fault);
    const points = project.points();
    await killedAt(project, shim, ['backup'], { number: 1, pattern: 'docker container stop *' });
    await project.docker(['container', 'stop', id]);
    const outcome = await faultyRun(project, shim, ['recover'], fault);
    const said = `${what} (${shim.hit ?? 'no such call'})\n${outcome.stderr}`;
    if (fault.pattern !== '*') expect(shim.hit, said).to.be.a('string');
    expectHonest(outcome, Recover.exitCodes, said);
    const again = await project.json(['recover']);
    expect(again.exitCode, `${said}\nagain: ${JSON.stringify(again.document)}`).to.equal(0);
    if (outcome.exitCode === 0) expect(again.document.recovered, said).to.deep.equal([]);
    expect((await project.containers())[0], said).to.include({ id, status: 'running', health: 'healthy' });
    expect(await project.leftovers(), said).to.deep.equal([]);
    expect(project.points(), said).to.deep.equal(points);
  }

  for (const fault of FAULTS) it(describeFault(fault), () => check(fault));

  everyCall(
    'recover',
    () => project,
    shim,
    async () => {
      await killedAt(project, shim, ['backup'], { number: 1, pattern: 'docker container stop *' });
      return faultyRun(project, shim, ['recover'], undefined);
    },
    check,
  );
});
