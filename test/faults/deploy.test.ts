import { expect } from 'chai';
import { type Cut, cutOff, cutText, writesOf } from './cut-off.ts';
import { FaultProject } from './fault-project.ts';
import { conclude, cutsOf, expectWritesKept, remember } from './sweep.ts';
import { TIMEOUT_MS } from './wanted.ts';

for (const command of ['deploy', 'rollback'] as const) {
  describe(`a ${command} that is killed at any step`, function () {
    this.timeout(TIMEOUT_MS);
    let project: FaultProject;
    before(async () => {
      project = await FaultProject.make();
      await project.must(['deploy', '--no-backup']);
    });
    after(() => project.remove());

    // The first deployment is v1 and its image's tag is, the second v2.
    const argsTo = (tag: string): string[] =>
      command === 'deploy' ? ['deploy', `web=${project.repository}:${tag}`] : ['rollback', tag, '--yes'];

    async function expectConsistent(cut: Cut, tag: string, text: string): Promise<void> {
      const where = cutText(cut);
      const reference = `${project.repository}:${tag}`;
      expect(project.read('compose.yml'), where).to.equal(text);
      const [web] = await project.containers();
      expect(web?.imageId, where).to.equal(await project.imageId(reference));
    }

    it('leaves files and images as before or as after, and says in the history which', async () => {
      const texts = { v1: project.read('compose.yml'), v2: '' };
      texts.v2 = texts.v1.replace(`${project.repository}:v1`, `${project.repository}:v2`);
      const writes = await writesOf(project, ['deploy', `web=${project.repository}:v2`]);
      expect(project.read('compose.yml')).to.equal(texts.v2);
      let now: 'v1' | 'v2' = 'v2';
      for (const cut of cutsOf(
        command === 'deploy' ? writes : await rollbackWrites(),
        command === 'deploy' ? 6 : 4,
      )) {
        const where = cutText(cut);
        // New content each time, or the restore point would have nothing to archive.
        await project.fill(where);
        const content = await project.content();
        const earlier = await remember(project);
        const history = await project.history();
        const to: 'v1' | 'v2' = now === 'v1' ? 'v2' : 'v1';
        expect(await cutOff(project, argsTo(to), cut), where).to.equal(true);
        const aftermath = await conclude(project, cut, earlier);
        const since = await project.history();
        const [record] = since;
        const recorded = since.length - history.length;
        if (recorded === 1 && record.status === 'succeeded') now = to;
        else if (aftermath.outcome === 'undone') expect(record, where).to.include({ status: 'interrupted' });
        else expect(recorded, where).to.equal(0);
        expect(aftermath.outcome, where).to.be.oneOf(
          recorded === 1 && record.status === 'succeeded'
            ? ['finished', undefined]
            : ['undone', 'nothing', undefined],
        );
        await expectConsistent(cut, now, texts[now]);
        expect(await project.content(), where).to.equal(content);
        await expectWritesKept(project, cut, aftermath);
      }
      expect((await project.rewind(argsTo(now === 'v1' ? 'v2' : 'v1'))).exitCode).to.equal(0);

      async function rollbackWrites() {
        const counted = await writesOf(project, argsTo('v1'));
        now = 'v1';
        return counted;
      }
    });
  });
}
