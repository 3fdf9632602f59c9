import { expect } from 'chai';
import { containerEventsArgv, recentEnds } from '../../../src/docker/events.ts';
import type { Runner } from '../../../src/docker/runner.ts';

const line = (action: string, id: string): string => JSON.stringify({ Action: action, Actor: { ID: id } });

describe('containers that were sent a signal or ended', () => {
  it('are looked for up to now: docker rounds the end of the time down to a whole second', () => {
    const argv = containerEventsArgv('shop', 15);
    expect(argv[argv.indexOf('--until') + 1]).to.equal('-1s');
  });

  it('are known by what happened last', async () => {
    const stdout = [line('kill', 'a'), line('kill', 'b'), line('die', 'a'), line('die', 'c'), ''].join('\n');
    const runner: Runner = {
      run: async (argv) => {
        expect(argv).to.deep.equal(containerEventsArgv('shop', 15));
        return { exitCode: 0, stdout, stderr: '' };
      },
    };
    expect(Object.fromEntries(await recentEnds(runner, 'shop', 15))).to.deep.equal({
      a: 'ended',
      b: 'signalled',
      c: 'ended',
    });
  });
});
