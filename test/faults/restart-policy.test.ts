import { expect } from 'chai';
import { type Cut, cutOff } from './cut-off.ts';
import { FaultProject } from './fault-project.ts';
import { conclude, remember } from './sweep.ts';
import { TIMEOUT_MS } from './wanted.ts';

describe('a service that the engine starts whenever it starts itself', function () {
  this.timeout(TIMEOUT_MS);
  let project: FaultProject;
  before(async () => (project = await FaultProject.make({ restart: 'always' })));
  after(() => project.remove());

  async function policyAndState(): Promise<string> {
    const [web] = await project.containers();
    const format = '{{.HostConfig.RestartPolicy.Name}} {{.State.Status}}';
    return (await project.docker(['inspect', '--format', format, web?.id ?? ''])).stdout.trim();
  }

  it('would not be started on half of its data, and has its policy again once all is concluded', async () => {
    const { id } = await project.backup();
    expect(await policyAndState()).to.equal('always running');
    const args = ['restore', id, '--yes', '--no-safety-backup'];
    const steps: { kind: string }[] = (await project.json([...args, '--dry-run'])).document.steps;
    const swap = steps.findIndex(({ kind }) => kind === 'swap-volumes');
    const cut: Cut = { kind: 'journal', moment: 'after', number: 2 + 2 * swap };
    const earlier = await remember(project);
    expect(await cutOff(project, args, cut)).to.equal(true);
    expect(await policyAndState()).to.equal('unless-stopped exited');
    await conclude(project, cut, earlier);
    expect(await policyAndState()).to.equal('always running');
  });
});
