import { expect } from 'chai';
import Backup from '../../src/commands/backup.ts';
import Restore from '../../src/commands/restore.ts';
import { CallShim, type Fault } from './call-shim.ts';
import { DatabaseProject, OTHERS } from './database-project.ts';
import {
  describeFault,
  everyCall,
  expectHonest,
  expectNothingLeft,
  faultyRun,
  recoverWhereNeeded,
} from './faulty-run.ts';
import { TIMEOUT_MS, WANTED } from './wanted.ts';

const BACKUP: Fault[] = [
  { mode: 'lost', number: 1, pattern: 'docker exec *pg_dump *' },
  { mode: 'kill', number: 1, pattern: 'docker exec *pg_dump *' },
];
const RESTORE: Fault[] = [
  { mode: 'cut', number: 1, pattern: 'docker exec *pg_restore *' },
  { mode: 'lost', number: 1, pattern: 'docker container start *' },
];

for (const other of Object.keys(OTHERS) as (keyof typeof OTHERS)[]) {
  // A sample of one of them is enough for npm test.
  if (WANTED === undefined && other !== 'redis') continue;
  describe(`databases (PostgreSQL and ${other}) beside volumes, while docker fails, hangs or is cut off`, function () {
    this.timeout(TIMEOUT_MS);
    let project: DatabaseProject;
    let point: string;
    let old: string;
    const shim = new CallShim();
    before(async () => {
      project = await DatabaseProject.with(other);
      point = (await project.backup()).id;
      old = await project.content();
    });
    after(async () => {
      await project.remove();
      shim.remove();
    });

    const backupArgs = ['backup'];
    const restoreArgs = (): string[] => ['restore', point, '--yes', '--no-safety-backup'];

    async function faulty(args: string[], fault: Fault, codes: object) {
      const what = describeFault(fault);
      await project.fill(what.replaceAll(/\W/g, '-'));
      const present = await project.content();
      const outcome = await faultyRun(project, shim, args, fault);
      if (fault.pattern !== '*') expect(shim.hit, `${what} came to pass`).to.be.a('string');
      const said = `${what} (${(shim.hit ?? 'no such call').slice(0, 200)})\n${outcome.stderr}`;
      expectHonest(outcome, codes, said);
      await recoverWhereNeeded(project, outcome, said);
      await project.untilWell();
      await expectNothingLeft(project, shim, said);
      return { outcome, said, present };
    }

    /** All data is as before, and there is a whole new point or none. */
    async function backup(fault: Fault): Promise<void> {
      const points = project.points();
      const { outcome, said, present } = await faulty(backupArgs, fault, Backup.exitCodes);
      expect(await project.content(), said).to.equal(present);
      const made = project.points().filter((id) => !points.includes(id));
      if (outcome.exitCode === 0) expect(made, said).to.have.lengthOf(1);
      for (const id of made) await project.must(['inspect', id]);
    }

    /** Volumes and databases are all as before or all as in the point. */
    async function restore(fault: Fault): Promise<void> {
      const { outcome, said, present } = await faulty(restoreArgs(), fault, Restore.exitCodes);
      const now = await project.content();
      if (outcome.exitCode === 0) expect(now, said).to.equal(old);
      // Where recover had to conclude it, or somebody did not wait any longer, it may have been too late to go back.
      else if ([5, 143].includes(outcome.exitCode)) expect(now, said).to.be.oneOf([old, present]);
      else expect(now, said).to.equal(present);
    }

    for (const fault of BACKUP) it(`backup: ${describeFault(fault)}`, () => backup(fault));
    for (const fault of RESTORE) it(`restore: ${describeFault(fault)}`, () => restore(fault));

    everyCall(
      `backup with ${other}`,
      () => project,
      shim,
      () => faultyRun(project, shim, backupArgs, undefined),
      backup,
    );
    everyCall(
      `restore with ${other}`,
      () => project,
      shim,
      () => faultyRun(project, shim, restoreArgs(), undefined),
      restore,
    );
  });
}
