import { expect } from 'chai';
import Deploy from '../../src/commands/deploy.ts';
import { CallShim, type Fault } from './call-shim.ts';
import { FaultProject } from './fault-project.ts';
import {
  describeFault,
  everyCall,
  expectHonest,
  expectNothingLeft,
  faultyRun,
  recoverWhereNeeded,
} from './faulty-run.ts';
import { TIMEOUT_MS } from './wanted.ts';

const DEPLOY: Fault[] = [
  { mode: 'lost', number: 1, pattern: 'docker container stop *' },
  { mode: 'kill', number: 1, pattern: 'docker run *' },
  { mode: 'fail', number: 1, pattern: 'docker compose * up *' },
];

describe('a deploy with a restore point while docker fails, hangs or is cut off', function () {
  this.timeout(TIMEOUT_MS);
  let project: FaultProject;
  const shim = new CallShim();
  before(async () => {
    project = await FaultProject.make();
    await project.must(['deploy', '--no-backup']);
  });
  after(async () => {
    await project.remove();
    shim.remove();
  });

  const reference = (tag: string): string => `${project.repository}:${tag}`;
  const tagNow = (): string => (project.read('compose.yml').includes(reference('v1')) ? 'v1' : 'v2');
  const other = (): string => (tagNow() === 'v1' ? 'v2' : 'v1');
  const deploy = (): string[] => ['deploy', `web=${reference(other())}`];

  /** File, image and what runs are as before or as after, the data is what it was, and no write is lost. */
  async function check(fault: Fault): Promise<void> {
    const what = describeFault(fault);
    // New content each time, or the restore point would have nothing to archive.
    await project.fill(what.replaceAll(/\W/g, '-'));
    const [content, points] = [await project.content(), project.points()];
    const [before, after] = [tagNow(), other()];
    const outcome = await faultyRun(project, shim, deploy(), fault);
    if (fault.pattern !== '*') expect(shim.hit, `${what} came to pass`).to.be.a('string');
    const said = `${what} (${(shim.hit ?? 'no such call').slice(0, 200)})\n${outcome.stderr}`;
    expectHonest(outcome, Deploy.exitCodes, said);
    await recoverWhereNeeded(project, outcome, said);
    await project.untilWell();
    const now = outcome.exitCode === 0 ? after : before;
    expect(tagNow(), said).to.equal(now);
    const [web, ...more] = await project.containers();
    expect(more, said).to.deep.equal([]);
    expect(web?.imageId, said).to.equal(await project.imageId(reference(now)));
    expect(await project.content(), said).to.equal(content);
    expect(await project.lostWrites(), said).to.deep.equal([]);
    for (const made of project.points().filter((id) => !points.includes(id)))
      await project.must(['inspect', made]);
    await expectNothingLeft(project, shim, said);
  }

  for (const fault of DEPLOY) it(describeFault(fault), () => check(fault));

  everyCall(
    'deploy with a restore point',
    () => project,
    shim,
    () => faultyRun(project, shim, deploy(), undefined),
    check,
  );
});
