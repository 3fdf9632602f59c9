import { expect } from 'chai';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withLock, type SessionOptions } from '../../../src/deployments/session.ts';
import { FakeRunner } from '../fake-runner.ts';

describe('the locks of a command that is told to leave', () => {
  let cwd: string;
  let leave: (() => Promise<void>) | undefined;
  let options: SessionOptions;
  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), 'rewind-session-'));
    writeFileSync(join(cwd, 'compose.yml'), 'services: {}\n');
    options = {
      where: { options: { files: [], profiles: [], envFiles: [] }, cwd, env: {} },
      command: 'backup',
      dryRun: false,
      wait: { until: 0 },
      beforeLeaving: (cleanup) => {
        leave = cleanup;
        return () => {};
      },
      conclude: async () => undefined,
      interactive: false,
    };
  });
  afterEach(() => rmSync(cwd, { recursive: true, force: true }));

  it('are given back before it ends, whoever of the two that give them back comes first', async () => {
    let leaving: Promise<void> | undefined;
    const ended = withLock(new FakeRunner(), options, async () => {
      leaving = leave?.();
      throw new Error('told to stop');
    });
    const thrown: unknown = await ended.catch((error: unknown) => error);
    expect((thrown as Error).message).to.equal('told to stop');
    expect(existsSync(join(cwd, '.rewind/lock'))).to.equal(false);
    await leaving;
  });

  it('are all that it ever has: it takes no further one, which would outlive it', async () => {
    const runner = new FakeRunner();
    const ended = withLock(runner, options, async (session) => {
      const leaving = leave?.();
      await session.lockProject('shop').finally(() => leaving);
    });
    const thrown: unknown = await ended.catch((error: unknown) => error);
    expect((thrown as Error).message).to.equal('told to leave');
    expect(runner.calls).to.deep.equal([]);
  });
});
