import { expect } from 'chai';
import { until } from '../integration/world.ts';
import { cutOff, cutText, type Cut } from './cut-off.ts';
import { FaultProject } from './fault-project.ts';
import { conclude, expectWritesKept, remember } from './sweep.ts';
import { TIMEOUT_MS } from './wanted.ts';

describe('a deploy that replaces what writes to the data', function () {
  this.timeout(TIMEOUT_MS);
  let project: FaultProject;
  beforeEach(async () => {
    project = await FaultProject.make();
  });
  afterEach(() => project.remove());

  const to = (tag: string): string[] => ['deploy', `web=${project.repository}:${tag}`];
  async function stepsOf(args: string[]): Promise<string[]> {
    const { document } = await project.json([...args, '--dry-run']);
    return document.steps.map(({ kind }: { kind: string }) => kind);
  }

  it('stops it once: its last write is in the restore point', async () => {
    const earlier = await remember(project);
    const told = project.timesTold();
    await project.must(to('v2'));
    await project.untilWell();
    expect(project.starts().size).to.equal(earlier.starts.size + 1);
    expect(project.timesTold()).to.equal(told + 1);
    const { document: point } = await project.json(['inspect', 'latest']);
    expect(point.downtime.web).to.be.above(0);
    await project.must(['restore', point.id, '--yes', '--no-safety-backup']);
    const lost = (await project.lostWrites()).filter((line) => earlier.starts.has(line.split(' ')[1] ?? ''));
    expect(lost).to.deep.equal([]);
    expect(await project.leftovers()).to.deep.equal([]);
  });

  it('has it run again when it is killed before that, and recover leaves the same container', async () => {
    const [before] = await project.containers();
    const steps = await stepsOf(to('v2'));
    expect(steps).to.not.include('resume-containers');
    for (const kind of ['seal-point', 'prove-model']) {
      const earlier = await remember(project);
      const cut: Cut = { kind: 'journal', moment: 'after', number: 3 + 2 * steps.indexOf(kind) };
      const where = `${kind}, ${cutText(cut)}`;
      expect(await cutOff(project, to('v2'), cut), where).to.equal(true);
      await until('a new start', () => project.starts().size > earlier.starts.size, 60_000);
      await project.untilWell();
      const aftermath = await conclude(project, cut, earlier);
      expect(aftermath.outcome, where).to.equal('undone');
      expect((await project.containers())[0]?.id, where).to.equal(before?.id);
      await expectWritesKept(project, cut, aftermath);
    }
  });

  it('has it run before that where its image may turn out to be the same, or something else writes there', async () => {
    const text = project.read('compose.yml');
    expect(await stepsOf(to('v1'))).to.include('resume-containers');
    const model = JSON.parse(text);
    model.services.job = { ...model.services.web, volumes: ['data:/data'] };
    project.rewrite(JSON.stringify(model));
    await project.compose(['up', '-d', '--wait', '--no-build', '--pull', 'never']);
    expect(await stepsOf(to('v2'))).to.include('resume-containers');
    expect(await stepsOf([...to('v2'), `job=${project.repository}:v2`])).to.not.include('resume-containers');
  });
});
