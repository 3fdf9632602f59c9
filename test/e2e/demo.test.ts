import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect } from 'chai';
import { docker, ROOT, run } from './installed.ts';

describe('npm run demo', () => {
  it('tells the whole story and leaves nothing behind', async function () {
    this.timeout(300_000);
    // As a newcomer runs it: without what the tests set for their own commands.
    const env = { REWIND_HELPER_IMAGE: undefined };
    const outcome = await run('npm', ['run', '--silent', 'demo'], { cwd: ROOT, env });
    const said = outcome.stdout + outcome.stderr;
    expect(outcome.exitCode, said).to.equal(0);
    expect(said).to.match(/deployed v1: .*web:1\.0\.0/);
    expect(said).to.match(/deployed v2: .*web:2\.0\.0/);
    expect(said).to.match(/Everything is back as it was[^;]*; recorded as failed \(v3\)/);
    expect(said).to.match(/rolled back to v1 as v4: .*web:1\.0\.0/);

    const project = /rewind-demo-[0-9]+/.exec(said)?.[0] ?? 'no project was named';
    const label = `label=com.docker.compose.project=${project}`;
    for (const list of [
      ['ps', '-aq'],
      ['volume', 'ls', '-q'],
      ['network', 'ls', '-q'],
    ]) {
      expect((await docker([...list, '--filter', label])).stdout).to.equal('');
    }
    const copy = /rewind-demo-[A-Za-z0-9]{6}(?=\/shop)/.exec(said)?.[0] ?? '';
    expect(copy).to.not.equal('');
    expect(readdirSync(tmpdir())).to.not.include(copy);
  });
});
