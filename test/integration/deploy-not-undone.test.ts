import { expect } from 'chai';
import { TestProject } from './project.ts';
import { leftovers, until, untilRuns, worldOf } from './world.ts';

describe('a deploy whose way back fails too', () => {
  let project: TestProject;
  afterEach(() => project.remove());

  it('exits 5, says what stands where and keeps its journal; recover concludes it once the image is back', async () => {
    project = await TestProject.web({ v1: 'ok', v2: 'slow', v9: 'ok' });
    await project.must(['deploy']);
    const before = await worldOf(project);
    const deploying = project.json(['deploy', `web=${project.repository}:v2`]);
    await untilRuns(project, `${project.repository}:v2`);
    // Nothing runs v1 any more, so it can be removed; and v2 fails because its tag is moved.
    await project.docker(['image', 'rm', '-f', `${project.repository}:v1`]);
    await project.docker(['tag', `${project.repository}:v9`, `${project.repository}:v2`]);
    const { exitCode, document } = await deploying;
    expect(exitCode).to.equal(5);
    expect(document.error.message)
      .to.match(/and the way back failed too, at "bring web back as observed"/)
      .and.match(/recorded as failed \(v2\)/);
    expect(document.error.details.join('\n'))
      .to.contain(`web: now ${project.repository}:v2`)
      .and.contain(`before ${project.repository}:v1`);
    expect(document.error.hint).to.match(/docker rewind recover/);
    expect(project.read('compose.yml')).to.equal(before.text);

    const refused = await project.json(['deploy', '--allow-mutable']);
    expect(refused.exitCode).to.equal(5);
    expect(refused.document.error.hint).to.match(/docker rewind recover/);
    const again = await project.json(['recover']);
    expect(again.exitCode).to.equal(5);
    expect(leftovers(project)).to.have.length(1);

    await project.image('v1', 'ok');
    expect((await project.json(['recover'])).document.recovered).to.have.length(1);
    expect(await worldOf(project)).to.deep.equal(before);
    expect(leftovers(project)).to.deep.equal([]);
    expect((await project.json(['recover'])).document.recovered).to.deep.equal([]);
    expect((await project.history()).map((entry) => [entry.id, entry.status])).to.deep.equal([
      ['v2', 'failed'],
      ['v1', 'succeeded'],
    ]);
  });

  it('overwrites nothing that somebody wrote into the file meanwhile', async () => {
    project = await TestProject.web({ v1: 'ok', v2: 'unhealthy' });
    await project.must(['deploy']);
    const before = project.read('compose.yml');
    const deploying = project.rewind(['deploy', `web=${project.repository}:v2`]);
    await until('the edit', () => project.read('compose.yml').includes(':v2 '));
    await untilRuns(project, `${project.repository}:v2`);
    const theirs = `${project.read('compose.yml')}# a note\n`;
    project.write('compose.yml', theirs);
    const outcome = await deploying;
    expect(outcome.exitCode).to.equal(5);
    expect(outcome.stderr)
      .to.match(/at "put compose\.yml back": .*was edited since/)
      .and.match(/web: now .*:v2 \(unhealthy\); before .*:v1/)
      .and.match(/not put back: compose\.yml/);
    expect(project.read('compose.yml')).to.equal(theirs);

    project.write('compose.yml', theirs.replace('# a note\n', ''));
    expect((await project.rewind(['recover'])).exitCode).to.equal(0);
    expect(project.read('compose.yml')).to.equal(before);
    expect(await project.answers()).to.equal('v1');
  });
});
