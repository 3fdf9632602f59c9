import { expect } from 'chai';
import { TestProject } from './project.ts';
import { containerIds, worldOf } from './world.ts';

describe('the image of a rollback', () => {
  let project: TestProject;
  afterEach(() => project.remove());

  it('is the recorded one where the tag was moved since, and says so', async () => {
    project = await TestProject.web();
    const v1 = `${project.repository}:v1`;
    await project.must(['deploy']);
    const recorded = await project.imageId(v1);
    await project.must(['deploy', `web=${project.repository}:v2`]);
    await project.image('v1', 'ok', 'another');
    expect(await project.imageId(v1)).to.not.equal(recorded);

    const plan = await project.must(['rollback', '--dry-run']);
    expect(plan.stdout).to.match(
      /v1 names another image now; the recorded image is used as \S+:v1-[0-9a-f]{12}/,
    );
    const outcome = await project.must(['rollback', '--yes']);
    expect(outcome.stderr).to.match(/v1 names another image now/);
    expect(await project.answers()).to.equal('v1');
    expect((await project.containers())[0]).to.include({ imageId: recorded, health: 'healthy' });
    expect(project.read('compose.yml')).to.match(new RegExp(`image: ${v1}-${recorded.slice(7, 19)} `));
    expect((await project.rewind(['status'])).exitCode).to.equal(0);
    // The moved tag is somebody's: it stays where they moved it.
    expect(await project.imageId(v1)).to.not.equal(recorded);
    // What a plain `docker compose up` would do now: nothing.
    const ids = await containerIds(project, 'web');
    await project.docker(['compose', 'up', '-d']);
    expect(await containerIds(project, 'web')).to.deep.equal(ids);
  });

  it('is found again where it lost its tag', async () => {
    project = await TestProject.web();
    const v1 = `${project.repository}:v1`;
    await project.must(['deploy']);
    const recorded = await project.imageId(v1);
    await project.must(['deploy', `web=${project.repository}:v2`]);
    await project.docker(['tag', v1, `${project.repository}:kept`]);
    await project.docker(['image', 'rm', v1]);
    expect(await project.imageId(v1)).to.equal('');
    expect((await project.must(['rollback', '--yes'])).stderr).to.match(
      /v1 had lost its tag; it is set again/,
    );
    expect(await project.answers()).to.equal('v1');
    expect(project.read('compose.yml')).to.equal(project.webFile('v1'));
    expect(await project.imageId(v1)).to.equal(recorded);
  });

  it('is refused where it is gone, before anything is touched; what is named instead works', async () => {
    project = await TestProject.web({ v1: 'ok', v2: 'ok', v3: 'ok' });
    await project.must(['deploy']);
    for (const tag of ['v2', 'v3']) await project.must(['deploy', `web=${project.repository}:${tag}`]);
    await project.docker(['image', 'rm', `${project.repository}:v2`]);
    const [world, ids] = [await worldOf(project), await containerIds(project, 'web')];

    for (const args of [
      ['rollback'],
      ['rollback', 'v2', '--config'],
      ['rollback', '--steps', '1', '--dry-run'],
    ]) {
      const refused = await project.json([...args, '--yes']);
      expect(refused.exitCode, args.join(' ')).to.equal(4);
      expect(refused.document.error.message).to.match(
        /v2 cannot run again: \S+:v2 of web is not on this host/,
      );
      expect(refused.document.error.hint).to.match(/docker rewind rollback v1$/);
    }
    expect(await worldOf(project)).to.deep.equal(world);
    expect(await containerIds(project, 'web')).to.deep.equal(ids);
    expect(await project.history()).to.have.length(3);

    await project.must(['rollback', 'v1', '--yes']);
    expect(await project.answers()).to.equal('v1');
  });

  it('is named instead only where it differs from what runs', async () => {
    project = await TestProject.web();
    await project.must(['deploy']);
    await project.must(['deploy', `web=${project.repository}:v2`]);
    await project.must(['deploy', '-m', 'the same again']);
    await project.docker(['image', 'rm', `${project.repository}:v1`]);
    const refused = await project.json(['rollback', '--yes']);
    expect(refused.exitCode).to.equal(4);
    expect(refused.document.error.hint).to.match(/^No other deployment has all its images here/);
  });
});
