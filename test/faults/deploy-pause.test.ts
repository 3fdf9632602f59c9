import { expect } from 'chai';
import { DataProject, HELPER_IMAGE } from '../integration/volumes/data-project.ts';
import { cutOff, cutText, type Cut } from './cut-off.ts';
import { TIMEOUT_MS } from './wanted.ts';

describe('a deploy whose restore point pauses a service that is checked once an hour', function () {
  this.timeout(TIMEOUT_MS);
  let project: DataProject;
  let observed: object[];
  before(async () => {
    project = new DataProject();
    await Promise.all([project.image('v1'), project.image('v2'), project.image('bad', 'exits')]);
    const check = {
      test: ['CMD', '/app', 'health'],
      interval: '1h',
      start_period: '60s',
      start_interval: '200ms',
    };
    const service = { image: `${project.repository}:v1`, stop_grace_period: '2s', healthcheck: check };
    project.write(
      'compose.yml',
      JSON.stringify({
        name: project.name,
        services: {
          web: { ...service, volumes: ['data:/data'] },
          api: { ...service, depends_on: ['web'] },
        },
        volumes: { data: {} },
        'x-rewind': { helper_image: HELPER_IMAGE, volumes: { data: { mode: 'pause' } } },
      }),
    );
    await project.compose(['up', '-d', '--wait', '--no-build', '--pull', 'never']);
    await project.inside('echo one >file');
    observed = await running();
  });
  after(() => project.remove());

  async function running(): Promise<object[]> {
    const all = [...(await project.containers('web')), ...(await project.containers('api'))];
    // What the engine says of the health of one that was paused is of no use for an hour.
    return all.map(({ imageId, status }) => ({ imageId, status }));
  }

  it('is taken back where it fails', async () => {
    const outcome = await project.rewind(['deploy', `api=${project.repository}:bad`]);
    expect(outcome.exitCode, outcome.stderr).to.equal(1);
    expect(outcome.stderr).to.contain('Everything is back as it was');
    expect(await running()).to.deep.equal(observed);
    expect(await project.leftovers()).to.deep.equal([]);
  });

  it('is taken back by recover where it is killed in the pause or after it', async () => {
    const args = ['deploy', `api=${project.repository}:v2`];
    const steps: { kind: string }[] = (await project.json([...args, '--dry-run'])).document.steps;
    const number = (kind: string): number => 2 + 2 * steps.findIndex((step) => step.kind === kind);
    const cuts: Cut[] = [
      { kind: 'journal', moment: 'after', number: number('pause-containers') + 1 },
      { kind: 'journal', moment: 'after', number: number('resume-containers') + 1 },
      { kind: 'journal', moment: 'after', number: number('compose-up') },
    ];
    for (const cut of cuts) {
      const where = cutText(cut);
      expect(await cutOff(project, args, cut), where).to.equal(true);
      const { exitCode, document } = await project.json(['recover']);
      expect(exitCode, `${where}: ${JSON.stringify(document)}`).to.equal(0);
      expect(document.recovered[0].outcome, where).to.equal('undone');
      expect((await project.json(['recover'])).document.recovered, where).to.deep.equal([]);
      expect(await running(), where).to.deep.equal(observed);
      expect(await project.leftovers(), where).to.deep.equal([]);
    }
  });

  it('succeeds, also where the other one is wanted healthy', async () => {
    const text = project.read('compose.yml');
    project.write('compose.yml', text.replace('["web"]', '{"web":{"condition":"service_healthy"}}'));
    const outcome = await project.rewind(['deploy', `api=${project.repository}:v2`]);
    expect(outcome.exitCode, outcome.stderr).to.equal(0);
    const ids = await Promise.all(['v1', 'v2'].map((tag) => project.imageId(`${project.repository}:${tag}`)));
    expect(await running()).to.deep.equal(ids.map((imageId) => ({ imageId, status: 'running' })));
  });
});
