import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Runner } from '../../../src/docker/runner.ts';
import { Helper } from '../../../src/restore-points/volume/helper.ts';

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
});
