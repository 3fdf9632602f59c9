import { expect } from 'chai';
import { DataProject } from './data-project.ts';

describe('a deploy of a project that keeps data', () => {
  let project: DataProject;
  afterEach(() => project.remove());

  const withImage = (tag: string): void => {
    const text = project
      .read('compose.yml')
      .replace(/image: rewind-test\/\S+:\w+$/m, `image: ${project.repository}:${tag}`);
    project.write('compose.yml', text);
  };

  it('takes a restore point first, records it, and does without where that is said', async () => {
    project = new DataProject();
    project.writeFile();
    await Promise.all([project.image('v1'), project.image('v2'), project.image('bad', 'exits')]);
    withImage('v1');
    // There is nothing to take yet.
    expect((await project.json(['deploy'])).document).to.not.have.property('restorePoint');
    expect(project.points()).to.deep.equal([]);

    await project.inside('echo one >file');
    const second = await project.json(['deploy', `web=${project.repository}:v2`]);
    expect(second.exitCode).to.equal(0);
    const [id] = project.points();
    expect(second.document.restorePoint).to.equal(id);
    expect(project.manifest(id ?? '').reason).to.match(/^deploy web=/);
    expect(project.manifest(id ?? '').images.web.image).to.equal(`${project.repository}:v1`);
    expect(await project.answers()).to.equal('v2');

    await project.must(['deploy', `web=${project.repository}:v1`, '--no-backup']);
    expect(project.points()).to.deep.equal([id]);
    project.write('compose.yml', `${project.read('compose.yml')}  before_deploy: none\n`);
    await project.must(['deploy', `web=${project.repository}:v2`]);
    expect(project.points()).to.deep.equal([id]);

    project.write('compose.yml', project.read('compose.yml').replace('  before_deploy: none\n', ''));
    const failed = await project.rewind(['deploy', `web=${project.repository}:bad`]);
    expect(failed.exitCode, failed.stderr).to.equal(1);
    expect(await project.answers()).to.equal('v2');
    await project.must(['restore', id ?? '', '--yes']);
    expect(await project.inside('cat file')).to.equal('one\n');
    expect(await project.leftovers()).to.deep.equal([]);
  });
});
