import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { TestProject } from './project.ts';

describe('bad input: the command line', () => {
  let project: TestProject;
  const original = (): string => `${project.webFile('v1')}  worker:\n    image: ${project.repository}:v1\n`;
  before(() => {
    project = new TestProject();
    project.write('compose.yml', original());
  });
  after(() => project.remove());
  afterEach(() => {
    expect(project.read('compose.yml')).to.equal(original());
    expect(existsSync(project.path('.rewind'))).to.equal(false);
  });

  const references: [string, RegExp][] = [
    ['', /it is empty/],
    ['a b', /white space/],
    ['Shop/API:1', /lower case/],
    ['https://example.com/api:1', /scheme/],
    ['api:', /tag is empty/],
    ['api:-x', /"-x" is not a tag/],
    [`api:${'x'.repeat(129)}`, /more than 128/],
    ['api@sha256:abc', /not a digest/],
    ['api@sha256:sha256:abc', /not a digest/],
    ['api:1@latest', /not a digest/],
    ['<<<name>>>/x:1', /characters/],
    ['-rm', /starts with a dash/],
    ['../api:1', /characters/],
    ['${TAG}', /./],
    ['api:1;rm -rf', /./],
  ];
  it('malformed references say what is odd about them', async () => {
    for (const [reference, reason] of references) {
      const { exitCode, document } = await project.json(['deploy', `web=${reference}`]);
      expect(exitCode, reference).to.equal(2);
      expect(document.error.code, reference).to.equal('INVALID_REFERENCE');
      expect(document.error.message, reference).to.match(reason);
      expect(document.error.hint).to.match(/looks like registry.example.com/);
    }
  });

  const lines: [string[], number, RegExp, RegExp][] = [
    [['deploy', 'wrker=a:1'], 2, /no service "wrker"/, /Did you mean worker\?/],
    [['deploy', 'nothing=a:1'], 2, /no service "nothing"/, /The services are/],
    [['deploy', '--tag', 'a b'], 2, /"a b" is not a tag/, /letters, digits/],
    [['deploy', '--tag', '1.0'], 4, /no service is released/, /release: true/],
    [['deploy', '--tagg', '1.0'], 2, /unknown flag: --tagg/, /Did you mean --tag\?/],
    [['deploy', 'web=a:latest'], 4, /tagged latest/, /--allow-mutable/],
    [['deploy', 'web=a'], 4, /has no tag/, /--allow-mutable/],
    [['rollback', '--servce', 'web', '--yes'], 2, /unknown flag: --servce/, /Did you mean --service\?/],
    [['rollback', 'v1', 'v2', '--yes'], 2, /unexpected argument: v2/, /--help/],
    [['rollback', '--steps', 'two', '--yes'], 2, /--steps/, /--help/],
    [['history', '--limit', '0'], 2, /--limit/, /--help/],
    [['history', '--limit', 'x'], 2, /--limit/, /--help/],
    [['history', 'v1'], 2, /unexpected argument: v1/, /--help/],
    [['show', 'latest'], 2, /"latest" does not name a deployment/, /v1, v2/],
    [['show', 'v1'], 4, /no deployment v1: nothing was deployed here yet/, /history/],
    [['diff', 'v1', 'x'], 4, /no deployment v1/, /history/],
    [['status', '--progress', 'loud'], 2, /--progress/, /--help/],
    [['rolback'], 2, /unknown command: rolback/, /docker rewind rollback/],
    [['histroy'], 2, /unknown command: histroy/, /docker rewind history/],
  ];
  for (const [args, exitCode, message, hint] of lines) {
    it(`${args.join(' ')}: exit ${exitCode}`, async () => {
      const outcome = await project.json(args);
      expect(outcome.exitCode, JSON.stringify(outcome.document)).to.equal(exitCode);
      expect(outcome.document.error.message).to.match(message);
      expect(outcome.document.error.hint).to.match(hint);
      const { stderr } = await project.rewind(args);
      expect(stderr.trim().split('\n')).to.have.length(2);
    });
  }
});
