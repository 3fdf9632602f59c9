import { expect } from 'chai';
import { run } from '../e2e/installed.ts';
import { TestProject } from './project.ts';
import { containerIds, leftovers, worldOf } from './world.ts';

describe('deploy --build', () => {
  let project: TestProject;
  afterEach(() => project.remove());

  async function git(...args: string[]): Promise<string> {
    const who = ['-c', 'user.name=test', '-c', 'user.email=test@example.com'];
    const result = await run('git', [...who, ...args], { cwd: project.directory });
    if (result.exitCode !== 0) throw new Error(result.stderr);
    return result.stdout.trim();
  }

  const dockerfile = (version: string, more = ''): string =>
    `FROM rewind-test/app:base\nENV APP_VERSION=${version}\n${more}`;
  const file = (image: string): string =>
    [
      `name: ${project.name}`,
      'services:',
      '  web:',
      ...(image === '' ? [] : [`    image: ${image}`]),
      '    build: app',
      '    stop_grace_period: 1s',
      '',
    ].join('\n');

  /** A committed project, already deployed. */
  async function committed(): Promise<string> {
    project = new TestProject();
    project.write('compose.yml', file(`${project.repository}:v1`));
    project.write('app/Dockerfile', dockerfile('one'));
    await git('init', '-q');
    await git('add', '.');
    await git('commit', '-qm', 'first');
    await project.must(['deploy', '--build']);
    return git('rev-parse', '--short', 'HEAD');
  }

  it('tags with the short commit; what deploy changes itself does not make the tree dirty', async () => {
    const commit = await committed();
    expect(project.read('compose.yml')).to.equal(file(`${project.repository}:${commit}`));
    expect(await project.answers()).to.equal('one');
    expect((await project.containers())[0]?.imageId).to.equal(
      await project.imageId(`${project.repository}:${commit}`),
    );
    // What is not built here keeps its tag.
    project.write('compose.yml', `${project.read('compose.yml')}  db: {image: 'postgres:16'}\n`);
    const plan = await project.json(['deploy', 'web', 'db', '--build', '--dry-run']);
    expect(plan.document.images).to.deep.equal({ web: `${project.repository}:${commit}`, db: 'postgres:16' });
    const again = await project.json(['deploy', '--build']);
    expect(again.document.services.web.image).to.equal(`${project.repository}:${commit}`);
    expect(again.document.commit).to.equal(await git('rev-parse', 'HEAD'));
  });

  it('refuses a dirty tree by the names of its files; --allow-dirty tags it by its content', async () => {
    const commit = await committed();
    project.write('app/Dockerfile', dockerfile('two'));
    project.write('app/new file.txt', 'new');
    const before = await worldOf(project);
    const ids = await containerIds(project, 'web');
    const refused = await project.json(['deploy', '--build']);
    expect(refused.exitCode).to.equal(4);
    expect(refused.document.error.details).to.deep.equal(['app/Dockerfile', 'app/new file.txt']);
    expect(await worldOf(project)).to.deep.equal(before);
    expect(await containerIds(project, 'web')).to.deep.equal(ids);

    const tag = async (): Promise<string> => {
      const { document } = await project.json(['deploy', '--build', '--allow-dirty', '--dry-run']);
      return String(document.images.web).slice(project.repository.length + 1);
    };
    const first = await tag();
    expect(first).to.match(new RegExp(`^${commit}-dirty-[0-9a-f]{8}$`));
    project.write('compose.yml', `${before.text}# edited\n`);
    expect(await tag()).to.equal(first);
    // Latin-1: bytes count, not what they would be as text.
    project.write('app/new file.txt', Buffer.from([0xe9]));
    const second = await tag();
    project.write('app/new file.txt', Buffer.from([0xe8]));
    const third = await tag();
    expect(new Set([first, second, third])).to.have.property('size', 3);
    project.write('app/new file.txt', 'new');
    expect(await tag()).to.equal(first);

    await project.must(['deploy', '--build', '--allow-dirty']);
    expect(await project.answers()).to.equal('two');
    expect(project.read('compose.yml')).to.contain(`:${first}\n`);
  });

  it('adds the image line where there is only build:, and takes any tag with --tag, without git', async () => {
    project = new TestProject();
    project.write('compose.yml', file(''));
    project.write('app/Dockerfile', dockerfile('one'));
    const image = `${project.name}-web`;
    const refused = await project.json(['deploy', '--build']);
    expect(refused.exitCode).to.equal(4);
    expect(refused.document.error.message).to.match(/not in a git repository/);
    expect(refused.document.error.hint).to.match(/--tag/);
    await project.must(['deploy', '--build', '--tag', '1.4.2']);
    expect(project.read('compose.yml')).to.contain(`    image: ${image}:1.4.2\n`);
    expect(await project.answers()).to.equal('one');
    await project.docker(['rm', '-f', `${project.name}-web-1`]);
    await project.docker(['image', 'rm', `${image}:1.4.2`]);
  });

  it('changes nothing when the build fails', async () => {
    await committed();
    project.write('app/Dockerfile', dockerfile('two', 'RUN echo this build is broken >&2 && exit 7\n'));
    const before = await worldOf(project);
    const ids = await containerIds(project, 'web');
    const { exitCode, document } = await project.json(['deploy', '--build', '--tag', 'v2']);
    expect(exitCode).to.equal(1);
    expect(document.error.message).to.match(/build failed.*Nothing was changed/);
    expect(document.error.details.join('\n')).to.contain('this build is broken');
    expect(await worldOf(project)).to.deep.equal(before);
    expect(await containerIds(project, 'web')).to.deep.equal(ids);
    expect(await project.history()).to.have.length(1);
    expect(leftovers(project)).to.deep.equal([]);
  });

  it('brings the tag back, too, when the same tag was built anew and does not get healthy', async () => {
    await committed();
    await project.must(['deploy', '--build', '--tag', 'v1']);
    const before = await worldOf(project);
    const imageId = await project.imageId(`${project.repository}:v1`);
    const check = 'HEALTHCHECK --interval=1s --retries=3 --start-period=1s CMD ["/app", "health"]\n';
    project.write('app/Dockerfile', dockerfile('two', `ENV APP_MODE=unhealthy\n${check}`));
    const { exitCode } = await project.json(['deploy', '--build', '--tag', 'v1']);
    expect(exitCode).to.equal(1);
    expect(await project.imageId(`${project.repository}:v1`)).to.equal(imageId);
    expect(await worldOf(project)).to.deep.equal(before);
    expect(await project.answers()).to.equal('one');

    const latest = ['deploy', '--build', '--tag', 'v2', '--also-latest'];
    expect((await project.rewind(latest)).exitCode).to.equal(1);
    expect(await project.imageId(`${project.repository}:latest`)).to.equal('');
    expect(await worldOf(project)).to.deep.equal(before);
  });
});
