import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StepContext } from '../../../src/plan/steps/context.ts';
import { resumeContainers, stillRecord, stopWriters } from '../../../src/plan/steps/still-services.ts';
import { FakeRunner } from '../fake-runner.ts';

const inspected = (status: string): string =>
  JSON.stringify([
    {
      Id: 'aaa', Name: '/shop-web-1', Image: 'sha256:1', RestartCount: 0,
      Config: { Image: 'web:1', Labels: { 'com.docker.compose.service': 'web' } },
      State: { Status: status, ExitCode: 0, FinishedAt: '' },
    },
  ]); // prettier-ignore

describe('the time that services are still', () => {
  let directory: string;
  const now = Date.now;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'rewind-still-'))));
  afterEach(() => {
    Date.now = now;
    rmSync(directory, { recursive: true, force: true });
  });

  const levels = [[{ id: 'aaa', name: 'shop-web-1', service: 'web', healthy: false }]];
  const contextOf = (runner: FakeRunner): StepContext =>
    ({
      runner,
      scope: { project: 'shop' },
      signal: new AbortController().signal,
      workDirectory: directory,
    }) as unknown as StepContext;

  it('ends for a container, too, that the engine has killed while it was asked whether it would', async () => {
    let status = 'running';
    const event = (action: string): string => `${JSON.stringify({ Action: action, Actor: { ID: 'aaa' } })}\n`;
    const runner = new FakeRunner()
      .on(/^docker events/, () => {
        status = 'exited';
        return { stdout: event('kill') + event('die') };
      })
      .on(/^docker container start/, () => {
        status = 'running';
        return {};
      })
      .on(/^docker ps/, { stdout: 'aaa\n' })
      .on(/^docker container inspect/, () => ({ stdout: inspected(status) }));
    await resumeContainers(
      { kind: 'resume-containers', resource: '', reason: '', levels },
      contextOf(runner),
    );
    expect(status).to.equal('running');
  });

  it('is no less than nothing when the clock is set back meanwhile', async () => {
    let status = 'running';
    const runner = new FakeRunner()
      .on(/^docker container stop/, () => {
        status = 'exited';
        // Two hours back, as at the end of summer with a clock that knows no zones.
        Date.now = () => now() - 7_200_000;
        return {};
      })
      .on(/^docker container start/, () => {
        status = 'running';
        return {};
      })
      .on(/^docker ps/, { stdout: 'aaa\n' })
      .on(/^docker container inspect/, () => ({ stdout: inspected(status) }));
    const context = contextOf(runner);
    await stopWriters({ kind: 'stop-writers', resource: '', reason: '', levels }, context);
    await resumeContainers({ kind: 'resume-containers', resource: '', reason: '', levels }, context);
    const { since, until } = await stillRecord(directory);
    expect((until['web'] ?? 0) - (since['web'] ?? 0)).to.be.within(0, 60_000);
  });
});
