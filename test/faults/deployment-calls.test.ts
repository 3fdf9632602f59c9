import { expect } from 'chai';
import Deploy from '../../src/commands/deploy.ts';
import Rollback from '../../src/commands/rollback.ts';
import { TestProject } from '../integration/project.ts';
import { leftovers } from '../integration/world.ts';
import { CallShim, type Fault } from './call-shim.ts';
import {
  describeFault,
  everyCall,
  expectHonest,
  expectUnlocked,
  faultyRun,
  recoverWhereNeeded,
} from './faulty-run.ts';

const UP = 'docker compose * up *';

const DEPLOY: Fault[] = [
  { mode: 'fail', number: 1, pattern: UP },
  { mode: 'lost', number: 1, pattern: UP },
  { mode: 'kill', number: 1, pattern: UP },
  { mode: 'fail', number: 1, pattern: 'docker image inspect *:v*' },
  { mode: 'fail', number: 2, pattern: 'docker image inspect *:v*' },
  { mode: 'fail', number: 3, pattern: 'docker image inspect *:v*' },
  { mode: 'cut', number: 2, pattern: 'docker image inspect *:v*' },
  { mode: 'cut', number: 2, pattern: 'docker container inspect *' },
  { mode: 'cut', number: 2, pattern: 'docker compose * config *json' },
  { mode: 'hang', number: 2, pattern: 'docker ps *' },
  { mode: 'hang', number: 1, pattern: 'docker volume create *' },
  { mode: 'hang', number: 1, pattern: 'docker volume rm *' },
];

const ROLLBACK: Fault[] = [
  { mode: 'fail', number: 1, pattern: UP },
  { mode: 'lost', number: 1, pattern: UP },
];

describe('a deployment while docker fails, hangs or is cut off', () => {
  let project: TestProject;
  const shim = new CallShim();
  const images = new Map<string, string>();

  before(async () => {
    project = await TestProject.web();
    for (const tag of ['v1', 'v2']) {
      images.set(tag, await project.imageId(`${project.repository}:${tag}`));
      await project.must(['deploy', `web=${project.repository}:${tag}`]);
    }
  });
  after(async () => {
    await project.remove();
    shim.remove();
  });

  const tagNow = (): string => (project.read('compose.yml') === project.webFile('v1') ? 'v1' : 'v2');
  const other = (): string => (tagNow() === 'v1' ? 'v2' : 'v1');
  const deploy = (): string[] => ['deploy', `web=${project.repository}:${other()}`];
  const rollback = (): string[] => ['rollback', other() === 'v1' ? 'v1' : 'v2', '--yes'];

  /** Files, images and what runs are as before, or all of them as after. */
  async function check(args: string[], fault: Fault, codes: object): Promise<void> {
    const [before, after] = [tagNow(), other()];
    const what = describeFault(fault);
    const outcome = await faultyRun(project, shim, args, fault);
    if (fault.pattern !== '*') expect(shim.hit, `${what} came to pass`).to.be.a('string');
    expectHonest(outcome, codes, `${what} (${shim.hit ?? 'no such call'})`);
    await recoverWhereNeeded(project, outcome, what);
    await expectUnlocked(project, shim, what);
    expect(leftovers(project), what).to.deep.equal([]);
    const now = outcome.exitCode === 0 ? after : before;
    expect(project.read('compose.yml'), `${what}\n${outcome.stderr}`).to.equal(project.webFile(now));
    const containers = await project.containers();
    expect(containers, what).to.have.lengthOf(1);
    expect(containers[0], what).to.include({
      imageId: images.get(now),
      status: 'running',
      health: 'healthy',
    });
    const last = (await project.history())[0];
    if (outcome.exitCode === 0) expect(last.status, what).to.equal('succeeded');
  }

  for (const fault of DEPLOY)
    it(`deploy: ${describeFault(fault)}`, () => check(deploy(), fault, Deploy.exitCodes));
  for (const fault of ROLLBACK)
    it(`rollback: ${describeFault(fault)}`, () => check(rollback(), fault, Rollback.exitCodes));

  everyCall(
    'deploy',
    () => project,
    shim,
    () => faultyRun(project, shim, deploy(), undefined),
    (fault) => check(deploy(), fault, Deploy.exitCodes),
  );
  everyCall(
    'rollback',
    () => project,
    shim,
    () => faultyRun(project, shim, rollback(), undefined),
    (fault) => check(rollback(), fault, Rollback.exitCodes),
  );
});
