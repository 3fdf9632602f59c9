import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import { RewindError } from '../../../src/errors.ts';
import { resume, SILENT } from '../../../src/plan/executor.ts';
import { Journal } from '../../../src/plan/journal.ts';
import { TestExecution } from './executions.ts';

describe('executor', () => {
  let execution: TestExecution;
  beforeEach(() => (execution = new TestExecution()));
  afterEach(() => execution.remove());

  it('walks the plan in its order, and nothing else', async () => {
    expect(await execution.run()).to.deep.equal({ outcome: 'done' });
    expect(execution.heard).to.deep.equal([
      'step tag-image',
      'step edit-file',
      'step tag-image',
      'step push-image',
    ]);
    expect(execution.text).to.equal('image: web:2\n');
    expect(execution.back).to.deep.equal([]);
  });

  for (const [index, outcome] of ['unchanged', 'undone', 'undone', 'undone'].entries()) {
    it(`walks the whole way back when step ${index + 1} fails, and says "${outcome}"`, async () => {
      const call = TestExecution.CALLS[index];
      // The edit is refused where somebody else changed the file; theirs is not taken back.
      if (call === undefined) writeFileSync(execution.file, 'image: web:1 # edited meanwhile\n');
      else execution.runner.on(call, { exitCode: 1, stderr: 'no' });
      const before = execution.text;
      expect(await execution.run()).to.include({ outcome });
      expect(execution.text).to.equal(before);
      expect(execution.back).to.deep.equal(TestExecution.BACK);
      expect(execution.heard.filter((line) => line.startsWith('step'))).to.have.length(index + 1);
    });

    it(`goes back when it is interrupted during step ${index + 1}, even where that step succeeded`, async () => {
      const call = TestExecution.CALLS[index];
      const reason = new RewindError('INTERRUPTED', 'interrupted', { exit: 'interrupted' });
      const stop = (): void => execution.controller.abort(reason);
      if (call !== undefined) execution.runner.on(call, () => void stop());
      const observer = {
        started: (phase: string, step: { kind: string }) => {
          if (call === undefined && phase === 'step' && step.kind === 'edit-file') stop();
        },
        output: () => {},
        skipped: () => {},
        finished: () => {},
      };
      const result = await execution.run(call === undefined ? { observer } : {});
      expect(result).to.deep.include({ outcome: index === 0 ? 'unchanged' : 'undone', error: reason });
      expect(execution.text).to.equal('image: web:1\n');
      expect(execution.back).to.deep.equal(TestExecution.BACK);
    });
  }

  it('leaves a file alone that it never got to, whatever somebody wrote into it meanwhile', async () => {
    execution.runner.on('docker image tag web:2 web:a', () => {
      writeFileSync(execution.file, 'image: web:1 # edited while it was built');
      return { exitCode: 1, stderr: 'no' };
    });
    expect(await execution.run()).to.include({ outcome: 'unchanged' });
    expect(execution.text).to.equal('image: web:1 # edited while it was built');
  });

  it('stops where somebody wrote into a file after it was edited', async () => {
    execution.runner.on('docker image push web:b', () => {
      writeFileSync(execution.file, 'image: web:3\n');
      return { exitCode: 1, stderr: 'no' };
    });
    expect(await execution.run()).to.include({ outcome: 'not-undone' });
    expect(execution.text).to.equal('image: web:3\n');
  });

  it('starts nothing when it was interrupted before', async () => {
    execution.controller.abort();
    expect(await execution.run()).to.include({ outcome: 'unchanged' });
    expect(execution.runner.calls).to.deep.equal([]);
  });

  it('stops where the way back fails, names the step, and takes nothing of it back', async () => {
    execution.runner
      .on('docker image push web:b', { exitCode: 1, stderr: 'push denied' })
      .on('docker image tag sha256:old web:a', { exitCode: 1, stderr: 'no such image' });
    const result = await execution.run();
    expect(result.outcome).to.equal('not-undone');
    if (result.outcome !== 'not-undone') return;
    expect(result.error.message).to.match(/push denied/);
    expect(result.undoError.message).to.match(/no such image/);
    expect(result.undoStep).to.include({ kind: 'restore-tag', image: 'web:a' });
    expect(execution.back).to.deep.equal(['docker image tag sha256:old web:a']);
    expect(execution.text).to.equal('image: web:1\n');
  });

  it('counts as failed, and goes back, when the success cannot be recorded', async () => {
    const conclude = (): Promise<void> => Promise.reject(new Error('the disk is full'));
    const result = await execution.run({ conclude });
    expect(result).to.include({ outcome: 'undone' });
    expect(execution.text).to.equal('image: web:1\n');
    expect(execution.back).to.deep.equal(TestExecution.BACK);
  });

  it('stays done when the interruption comes while the success is recorded', async () => {
    const conclude = async (): Promise<void> => execution.controller.abort();
    expect(await execution.run({ conclude })).to.deep.equal({ outcome: 'done' });
    expect(execution.text).to.equal('image: web:2\n');
  });

  for (const failing of [1, 2, 3, 4, 5, 6, 7, 8]) {
    it(`goes back when the journal cannot take its line ${failing}, also where it can take none any more`, async () => {
      const journal = await Journal.begin(execution.directory, execution.plan);
      let lines = 0;
      journal.record = () =>
        (lines += 1) < failing ? Promise.resolve() : Promise.reject(new Error('disk full'));
      const result = await execution.run({ journal });
      // Lines 1 and 2 are about a new tag, 3 says that the file is about to be edited.
      expect(result.outcome).to.equal(failing <= 3 ? 'unchanged' : 'undone');
      expect(execution.text).to.equal('image: web:1\n');
      expect(execution.back).to.deep.equal(failing === 1 ? [] : TestExecution.BACK);
    });
  }

  it('runs a step of the way back again whose docker call a Ctrl-C reached', async () => {
    execution.runner
      .on('docker image push web:b', { exitCode: 1, stderr: 'push denied' })
      .on('docker image tag sha256:old web:a', () => {
        if (execution.controller.signal.aborted) return {};
        execution.controller.abort(new RewindError('INTERRUPTED', 'told to stop', { exit: 'interrupted' }));
        return { exitCode: 1, stderr: 'context canceled' };
      });
    expect((await execution.run()).outcome).to.equal('undone');
    expect(execution.text).to.equal('image: web:1\n');
  });

  describe('from the step on from which there is only forward', () => {
    const reason = new RewindError('INTERRUPTED', 'interrupted', { exit: 'interrupted' });

    it('is not interrupted any more', async () => {
      execution.plan.onward = 2;
      execution.runner.on('docker image tag web:2 web:b', () => void execution.controller.abort(reason));
      expect(await execution.run()).to.deep.equal({ outcome: 'done' });
      expect(execution.text).to.equal('image: web:2\n');
      expect(execution.back).to.deep.equal([]);
    });

    it('runs a step again whose docker call the same Ctrl-C reached', async () => {
      execution.plan.onward = 2;
      execution.runner.on('docker image push web:b', () => {
        if (execution.controller.signal.aborted) return {};
        execution.controller.abort(reason);
        return { exitCode: 1, stderr: 'context canceled' };
      });
      expect(await execution.run()).to.deep.equal({ outcome: 'done' });
      expect(execution.back).to.deep.equal([]);
    });

    it('goes back before it all the same', async () => {
      execution.plan.onward = 3;
      execution.runner.on('docker image tag web:2 web:b', () => void execution.controller.abort(reason));
      expect(await execution.run()).to.deep.include({ outcome: 'undone', error: reason });
      expect(execution.text).to.equal('image: web:1\n');
    });

    it('goes back where a step fails', async () => {
      execution.plan.onward = 2;
      execution.runner.on('docker image push web:b', { exitCode: 1, stderr: 'push denied' });
      expect(await execution.run()).to.include({ outcome: 'undone' });
      expect(execution.back).to.deep.equal(TestExecution.BACK);
    });

    it('stays where the engine has gone away, for recover to go on', async () => {
      execution.plan.onward = 2;
      const stderr = 'Cannot connect to the Docker daemon at unix:///run/docker.sock';
      execution.runner.on('docker image tag web:2 web:b', { exitCode: 1, stderr });
      expect(await execution.run()).to.include({ outcome: 'not-undone' });
      expect(execution.back).to.deep.equal([]);
    });

    it('stays where the engine was just going away when a step failed, and does not answer any more', async () => {
      execution.plan.onward = 2;
      const stderr = 'Cannot connect to the Docker daemon at unix:///run/docker.sock';
      execution.runner.on('docker image tag web:2 web:b', { exitCode: 1, stderr: 'ttrpc: closed: unknown' });
      execution.runner.on('docker version', { exitCode: 1, stderr });
      expect(await execution.run()).to.include({ outcome: 'not-undone' });
      expect(execution.back).to.deep.equal([]);
    });

    it('stays where a step fails and there is no way back at all', async () => {
      execution.plan.onward = 2;
      execution.plan.noWayBack = true;
      execution.runner.on('docker image push web:b', { exitCode: 1, stderr: 'push denied' });
      expect(await execution.run()).to.include({ outcome: 'not-undone' });
      expect(execution.text).to.equal('image: web:2\n');
      expect(execution.back).to.deep.equal([]);
    });

    it('goes on where the journal takes no more lines', async () => {
      execution.plan.onward = 2;
      const journal = await Journal.begin(execution.directory, execution.plan);
      let lines = 0;
      // Line 5 is that this step is about to begin, which has to be written.
      journal.record = () => ((lines += 1) <= 5 ? Promise.resolve() : Promise.reject(new Error('disk full')));
      expect(await execution.run({ journal })).to.deep.equal({ outcome: 'done' });
    });

    it('is where a later command takes up again what was cut off', async () => {
      execution.plan.onward = 2;
      const journal = await Journal.begin(execution.directory, execution.plan);
      writeFileSync(execution.file, 'image: web:2\n');
      const entries = [0, 1].flatMap((index) => [
        { phase: 'step' as const, index, state: 'started' as const },
        { phase: 'step' as const, index, state: 'done' as const },
      ]);
      entries.push({ phase: 'step', index: 2, state: 'started' });
      const context = {
        runner: execution.runner,
        signal: execution.controller.signal,
        observer: SILENT,
        journal,
      };
      expect(await resume(execution.plan, context, entries)).to.deep.equal({ outcome: 'done' });
      expect(execution.runner.calls).to.deep.equal([
        'docker image tag web:2 web:b',
        'docker image push web:b',
      ]);
    });
  });
});
