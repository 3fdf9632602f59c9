import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { dockerConfig } from '../e2e/installed.ts';
import { killSession } from '../integration/session.ts';
import { leftovers, until } from '../integration/world.ts';
import { type Cut, cutOff, cutText, writesOf } from './cut-off.ts';
import { FaultProject } from './fault-project.ts';
import { conclude, cutsOf, expectWritesKept, remember } from './sweep.ts';
import { TIMEOUT_MS, WANTED } from './wanted.ts';

describe('recover', function () {
  this.timeout(TIMEOUT_MS);
  let project: FaultProject;
  before(async () => (project = await FaultProject.make()));
  after(() => project.remove());

  it('may be killed itself at any step, and does all that a killed watchdog would have done', async () => {
    const { id } = await project.backup();
    const old = await project.content();
    const args = ['restore', id, '--yes', '--no-safety-backup'];
    await project.fill('new');
    const writes = await writesOf(project, args);
    await project.fill('new');
    let present = await project.content();
    const places = cutsOf({ ...writes, file: 0, stream: 0 }, 12).filter(({ moment }) => moment === 'after');
    for (const cut of WANTED === undefined ? places.slice(-3) : places) {
      const earlier = await remember(project);
      expect(await cutOff(project, args, cut, { watchdog: 'killed' }), cutText(cut)).to.equal(true);
      // Each recover gets one write further than the one before, until one comes to its end.
      for (let number = 1; ; number += WANTED === undefined ? 3 : 1) {
        const again: Cut = { kind: 'journal', moment: number % 2 === 0 ? 'before' : 'after', number };
        if (!(await cutOff(project, ['recover'], again, { watchdog: 'killed' }))) break;
      }
      const aftermath = await conclude(project, cut, earlier);
      const content = await project.content();
      const restored = content === old;
      expect(content, cutText(cut)).to.be.oneOf([old, present]);
      await expectWritesKept(project, cut, aftermath, restored);
      if (!restored) continue;
      await project.fill('new');
      present = await project.content();
    }
  });

  it('waits for a stop that the engine goes on with although nobody waits for it any more', async () => {
    // It hears of the signal, and does not end: the engine kills it when its time is over.
    await project.within('touch /data/stay');
    const earlier = await remember(project);
    const told = project.timesTold();
    const child = spawn('docker', ['rewind', 'backup'], {
      cwd: project.directory,
      env: { ...process.env, DOCKER_CONFIG: await dockerConfig() },
      stdio: 'ignore',
      detached: true,
    });
    const exit = once(child, 'exit');
    await until('the stop', () => project.timesTold() > told, 60_000);
    const [journal] = leftovers(project).filter((name) => name !== 'lock');
    const watchdog = JSON.parse(project.read(`.rewind/journal/${journal}/watchdog.json`)) as { pid: number };
    process.kill(watchdog.pid, 'SIGKILL');
    killSession(child.pid ?? 0);
    await exit;
    const aftermath = await conclude(project, { kind: 'journal', moment: 'after', number: 0 }, earlier);
    expect(aftermath.outcome).to.equal('undone');
    const [web] = await project.containers();
    const state = await project.docker([
      'inspect',
      '--format',
      '{{.State.ExitCode}} {{.State.Status}}',
      web?.id ?? '',
    ]);
    expect(state.stdout.trim()).to.equal('0 running');
    // It was killed only after recover had begun, and was started once more after that.
    expect(project.starts().size).to.equal(earlier.starts.size + 1);
    await project.within('rm /data/stay');
  });
});
