import { expect } from 'chai';
import { TestProject } from './project.ts';
import { containerIds } from './world.ts';

describe('which services deploy is about', () => {
  let project: TestProject;
  beforeEach(async () => (project = await TestProject.web({ v1: 'ok', v2: 'ok' })));
  afterEach(() => project.remove());

  const images = async (): Promise<Record<string, string | undefined>> => {
    const names = ['built', 'marked', 'unmarked', 'plain'];
    const containers = await Promise.all(names.map((name) => project.containers(name)));
    return Object.fromEntries(
      names.map((name, index) => [name, containers[index]?.[0]?.image.replace(/.*:/, '')]),
    );
  };

  function write(config: string): string {
    const service = (name: string, more = ''): string =>
      `  ${name}:\n    image: ${project.repository}:v1\n    stop_grace_period: 1s\n${more}`;
    const build = '    build: .\n';
    const text = `name: ${project.name}\n${config}services:\n${service('built', build)}${service('marked')}${service('unmarked', build)}${service('plain')}`;
    project.write('compose.yml', text);
    return text;
  }

  it('--tag: every service that is built here, and what x-rewind says of the others', async () => {
    const text = write('x-rewind: {services: {marked: {release: true}, unmarked: {release: false}}}\n');
    await project.must(['deploy']);
    expect(await images()).to.deep.equal({ built: 'v1', marked: 'v1', unmarked: 'v1', plain: 'v1' });
    const others = await containerIds(project, 'unmarked', 'plain');
    const { exitCode, document } = await project.json(['deploy', '--tag', 'v2']);
    expect(exitCode).to.equal(0);
    expect(document.changed).to.have.members(['built', 'marked']);
    expect(await images()).to.deep.equal({ built: 'v2', marked: 'v2', unmarked: 'v1', plain: 'v1' });
    expect(await containerIds(project, 'unmarked', 'plain')).to.deep.equal(others);
    expect(project.read('compose.yml')).to.equal(text.replace(/((?:built|  marked):\n.*):v1/g, '$1:v2'));
    // A name alone: that service, as the file says or with the tag.
    expect((await project.json(['deploy', 'plain', '--tag', 'v2'])).document.changed).to.deep.equal([
      'plain',
    ]);
    expect((await images())['plain']).to.equal('v2');
    const mixed = await project.json([
      'deploy',
      'built',
      'plain',
      `marked=${project.repository}:v1`,
      '--build',
      '--tag',
      'v1',
      '--dry-run',
    ]);
    expect(mixed.document.steps[0].images).to.deep.equal({ built: `${project.repository}:v1` });
    const alone = await project.json(['deploy', 'unmarked']);
    expect(alone.document).to.deep.include({ changed: ['unmarked'], status: 'succeeded' });
  });

  it('alone: what the file says now, edited by hand', async () => {
    write('');
    await project.must(['deploy', 'plain']);
    expect(await images()).to.deep.equal({
      built: undefined,
      marked: undefined,
      unmarked: undefined,
      plain: 'v1',
    });
    project.write('compose.yml', project.read('compose.yml').replace(/(plain:\n.*):v1/, '$1:v2'));
    const text = project.read('compose.yml');
    await project.must(['deploy']);
    expect(await images()).to.deep.equal({ built: 'v1', marked: 'v1', unmarked: 'v1', plain: 'v2' });
    expect(project.read('compose.yml')).to.equal(text);
  });

  it('refuses --tag and --build where nothing is released, and says how to release', async () => {
    project.write('compose.yml', project.webFile('v1'));
    for (const args of [['--tag', 'v2'], ['--build'], ['--push']]) {
      const { exitCode, document } = await project.json(['deploy', ...args]);
      expect(exitCode, args.join(' ')).to.equal(4);
      expect(document.error.hint).to.match(/x-rewind\.services\.NAME\.release/);
    }
    expect(await project.containers()).to.deep.equal([]);
  });

  it('refuses what names no service, image or tag, before anything is touched', async () => {
    await project.must(['deploy']);
    const ids = await containerIds(project, 'web');
    const text = project.read('compose.yml');
    const cases: [string[], RegExp][] = [
      [['wbe=x:1'], /no service "wbe"/],
      [['web=UPPER CASE:1'], /UPPER CASE/],
      [['web='], /./],
      [['web', '--tag', 'not a tag'], /"not a tag" is not a tag/],
    ];
    for (const [args, message] of cases) {
      const { exitCode, document } = await project.json(['deploy', ...args]);
      expect(exitCode, args.join(' ')).to.equal(2);
      expect(document.error.message).to.match(message);
    }
    expect(project.read('compose.yml')).to.equal(text);
    expect(await containerIds(project, 'web')).to.deep.equal(ids);
    expect(await project.history()).to.have.length(1);
  });
});
