import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Runner } from '../../../src/docker/runner.ts';
import { ensureHelper, Helper } from '../../../src/restore-points/volume/helper.ts';

describe('the pipes to a helper', () => {
  let exchange = '';

  beforeEach(() => {
    exchange = mkdtempSync(join(tmpdir(), 'rewind-pipes-'));
    for (let name = 0; name < 8; name++) execFileSync('mkfifo', [join(exchange, String(name))]);
  });

  afterEach(() => rmSync(exchange, { recursive: true, force: true }));

  // What is written fits into the pipe whether anybody reads it or not.
  for (const moment of [0, 1, 30]) {
    it(`are given up when the helper is gone after ${moment} ms without having read`, async () => {
      const runner: Runner = {
        run: async () => {
          await delay(moment);
          return {
            exitCode: 1,
            stdout: '',
            stderr: 'Error response from daemon: container is not running\n',
          };
        },
      };
      const helper = new Helper(runner, 'gone', exchange, 'gnu');
      const never = new AbortController().signal;
      const { report } = await helper.run('cat', [], { input: Readable.from([Buffer.from('names')]) }, never);
      expect(report.exitCode).to.equal(1);
    });
  }

  it('are those of another one where a helper was killed: the way back needs it', async () => {
    const work = mkdtempSync(join(tmpdir(), 'rewind-work-'));
    let started = 0;
    let alive = true;
    const runner: Runner = {
      hold: async () => {
        started++;
        const pipe = join(work, 'exchange', 'write', '0');
        if (started === 1) execFileSync('mkfifo', [pipe]);
        return { line: 'ready gnu' };
      },
      run: async () => ({ exitCode: alive ? 0 : 137, stdout: 'fine', stderr: '' }),
    };
    const spec = { name: 'helper', write: true, mounts: [] };
    const never = new AbortController().signal;
    const ensure = (): Promise<Helper> => ensureHelper(runner, work, spec, 'image');
    const first = await ensure();
    expect(await first.ask('true', [], never)).to.equal('fine');
    expect(await ensure()).to.equal(first);
    alive = false;
    const error = await first.ask('true', [], never).catch((reason: unknown) => reason);
    expect(error).to.have.property('code', 'HELPER_FAILED');
    expect(await ensure()).to.not.equal(first);
    expect(started).to.equal(2);
    rmSync(work, { recursive: true });
  });
});
