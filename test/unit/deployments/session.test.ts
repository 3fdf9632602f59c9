import { expect } from 'chai';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withLock, type SessionOptions } from '../../../src/deployments/session.ts';
import { FakeRunner } from '../fake-runner.ts';

describe('the locks of a command that is told to leave', () => {
  it('are given back before it ends, whoever of the two that give them back comes first', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'rewind-session-'));
    try {
      writeFileSync(join(cwd, 'compose.yml'), 'services: {}\n');
      let leave: (() => Promise<void>) | undefined;
      const options: SessionOptions = {
        where: { options: { files: [], profiles: [], envFiles: [] }, cwd, env: {} },
        command: 'backup',
        dryRun: false,
        wait: { until: 0, say: () => {} } as unknown as SessionOptions['wait'],
        beforeLeaving: (cleanup) => {
          leave = cleanup;
          return () => {};
        },
        conclude: async () => undefined,
        interactive: false,
      };
      let leaving: Promise<void> | undefined;
      const ended = withLock(new FakeRunner(), options, async () => {
        leaving = leave?.();
        throw new Error('told to stop');
      });
      const thrown: unknown = await ended.catch((error: unknown) => error);
      expect((thrown as Error).message).to.equal('told to stop');
      expect(existsSync(join(cwd, '.rewind/lock'))).to.equal(false);
      await leaving;
    } finally {
      rmSync(cwd, { recursive: true, force: true });
    }
  });
});
