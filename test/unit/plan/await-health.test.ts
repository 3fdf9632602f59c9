import { expect } from 'chai';
import { awaitHealth } from '../../../src/plan/steps/await-health.ts';
import type { StepContext } from '../../../src/plan/steps/context.ts';
import { FakeRunner } from '../fake-runner.ts';

const names = ['db', 'app'];

const inspected = (name: string, status: string, health: string) => ({
  Id: name,
  Name: `/shop-${name}-1`,
  Config: { Healthcheck: { Interval: 3_600_000_000_000 } },
  State: { Status: status, Health: { Status: health, Log: [] } },
});

describe('waiting for those whose clients were disconnected', () => {
  it('starts those that an engine took with it in their order, each once the one before it is well', async () => {
    const states: Record<string, [status: string, health: string]> = {
      db: ['exited', 'unhealthy'],
      app: ['exited', 'unhealthy'],
    };
    let looks = 0;
    const runner = new FakeRunner()
      .on(/^docker container inspect/, () => {
        looks += 1;
        // The one that was started is healthy some looks later.
        if (looks % 4 === 0)
          for (const state of Object.values(states)) if (state[0] === 'running') state[1] = 'healthy';
        return {
          stdout: JSON.stringify(names.map((name) => inspected(name, ...(states[name] ?? ['', ''])))),
        };
      })
      .on(/^docker container start db$/, () => {
        states['db'] = ['running', 'starting'];
        return {};
      })
      .on(/^docker container start app$/, () => {
        if (states['db']?.[1] !== 'healthy') return { exitCode: 1, stderr: 'cannot join its network' };
        states['app'] = ['running', 'starting'];
        return {};
      });
    const context = { runner, signal: new AbortController().signal } as unknown as StepContext;
    const containers = names.map((name) => ({
      id: name,
      name: `shop-${name}-1`,
      service: name,
      healthy: true,
    }));
    await awaitHealth({ kind: 'await-health', resource: '', reason: '', containers }, context);
    expect(runner.calls.filter((call) => call.includes(' start '))).to.deep.equal([
      'docker container start db',
      'docker container start app',
    ]);
  });
});
