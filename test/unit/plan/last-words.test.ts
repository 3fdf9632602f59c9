import { expect } from 'chai';
import type { ContainerState } from '../../../src/docker/containers.ts';
import { errorText } from '../../../src/ui/error-text.ts';
import { createTerminal } from '../../../src/ui/terminal.ts';
import type { StepContext } from '../../../src/plan/steps/context.ts';
import { lastWords } from '../../../src/plan/steps/last-words.ts';
import { RewindError } from '../../../src/errors.ts';
import { FakeRunner } from '../fake-runner.ts';

const web = { id: 'aaa', name: 'shop-web-1', status: 'running', health: 'unhealthy', exitCode: 0 } as ContainerState; // prettier-ignore

/** What is said of `web`, where its log is one line and the engine answers this about its health check. */
function said(checks: object): Promise<string[]> {
  const runner = new FakeRunner()
    .on('docker container logs --tail 10 shop-web-1', { stderr: 'listening\n' })
    .on(/^docker container inspect --format \S+ aaa$|^docker container inspect .*Health.* aaa$/, checks);
  return lastWords({ runner } as unknown as StepContext, [web]);
}
const checks = (...runs: { ExitCode: number; Output: string }[]) => ({
  stdout: `${JSON.stringify(runs)}\n`,
});
const logged = ['shop-web-1 (unhealthy), last log lines:', '  listening'];

describe('what is said of a container that does not get healthy', () => {
  it('is its log and what the last run of its health check printed', async () => {
    const answer = checks(
      { ExitCode: 1, Output: 'refused\n' },
      { ExitCode: 22, Output: '  % Total\n\r  0     0\r100     9\rcurl: (22) error: 404\n' },
    );
    expect(await said(answer)).to.deep.equal([
      ...logged,
      'shop-web-1, last health check (exit code 22):',
      '    % Total',
      '    0     0',
      '  100     9',
      '  curl: (22) error: 404',
    ]);
  });

  it('is that it printed nothing, where it did not', async () => {
    expect(await said(checks({ ExitCode: 1, Output: '\n' }))).to.deep.equal([
      ...logged,
      'shop-web-1, last health check (exit code 1) printed nothing',
    ]);
  });

  it('is its log alone where the last check passed, none was made, there is none, or the engine does not say', async () => {
    for (const answer of [
      checks({ ExitCode: 0, Output: 'fine' }),
      { stdout: 'null\n' },
      { stdout: '\n' },
      { stdout: '[{"Exit' },
      { exitCode: 1, stderr: 'No such container: aaa' },
    ])
      expect(await said(answer)).to.deep.equal(logged);
  });

  it('is bounded, and cannot steer the terminal', async () => {
    const lines = await said(
      checks({ ExitCode: 1, Output: 'y'.repeat(3000) + '\n' + 'x\u001B[2J\n'.repeat(200) }),
    );
    expect(lines.slice(3)).to.deep.equal(Array.from({ length: 10 }, () => '  x\u001B[2J'));
    const [line] = (await said(checks({ ExitCode: 1, Output: 'y'.repeat(4096) }))).slice(3);
    expect(line).to.equal(`  ${'y'.repeat(500)}…`);
    const style = createTerminal({ flags: { ansi: 'never' }, env: {}, stdin: {}, stdout: {}, stderr: {} }).style; // prettier-ignore
    const shown = errorText(new RewindError('NOT_HEALTHY', 'it did not come up', { details: lines }), style);
    expect(shown).to.contain('  x\\x1b[2J\n').and.not.contain('\u001B');
  });
});
