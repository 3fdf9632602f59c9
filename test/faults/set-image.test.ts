import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { TestProject } from '../integration/project.ts';
import { leftovers } from '../integration/world.ts';
import { cutOff, cutText, writesOf } from './cut-off.ts';
import { cutsOf } from './sweep.ts';
import { TIMEOUT_MS } from './wanted.ts';

// What touches only files is concluded without one.
const NO_ENGINE = { DOCKER_HOST: 'tcp://127.0.0.1:9' };

describe('a set-image that is killed at any step', function () {
  this.timeout(TIMEOUT_MS);
  const OLD = {
    'compose.yml': 'services:\n  web:\n    image: ${REPOSITORY:-shop}:${TAG}\n',
    '.env': 'TAG=1\n',
  };
  const NEW = { 'compose.yml': OLD['compose.yml'].replace('shop', 'store'), '.env': 'TAG=2\n' };
  const args = ['set-image', 'web=store:2'];
  let project: TestProject;
  before(() => {
    project = new TestProject();
    write(OLD);
  });
  after(() => project.remove());

  function write(files: Readonly<Record<string, string>>): void {
    for (const [name, content] of Object.entries(files)) project.write(name, content);
  }
  const text = () => Object.fromEntries(Object.keys(OLD).map((name) => [name, project.read(name)]));

  it('leaves all files as before or all as after', async () => {
    const writes = await writesOf(project, args);
    expect(text()).to.deep.equal(NEW);
    expect(writes.file).to.equal(2);
    for (const cut of cutsOf(writes, 5)) {
      const where = cutText(cut);
      write(OLD);
      expect(await cutOff(project, args, cut), where).to.equal(true);
      const { exitCode, document } = await project.json(['recover'], { env: NO_ENGINE });
      expect(exitCode, `${where}: ${JSON.stringify(document)}`).to.equal(0);
      expect((await project.json(['recover'])).document.recovered, where).to.deep.equal([]);
      expect(text(), where).to.deep.equal(document.recovered[0]?.outcome === 'finished' ? NEW : OLD);
      expect(leftovers(project), where).to.deep.equal([]);
      expect(readdirSync(project.directory).sort(), where).to.deep.equal(['.env', '.rewind', 'compose.yml']);
    }
  });
});
