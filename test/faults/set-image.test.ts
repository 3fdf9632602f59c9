import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import SetImage from '../../src/commands/set-image.ts';
import { TestProject } from '../integration/project.ts';
import { leftovers } from '../integration/world.ts';
import { cutOff, cutText, writesOf } from './cut-off.ts';
import { CallShim, type Fault } from './call-shim.ts';
import { describeFault, everyCall, expectHonest, faultyRun } from './faulty-run.ts';
import { cutsOf } from './sweep.ts';
import { TIMEOUT_MS } from './wanted.ts';

// What touches only files is concluded without one.
const NO_ENGINE = { DOCKER_HOST: 'tcp://127.0.0.1:9' };

describe('a set-image', function () {
  this.timeout(TIMEOUT_MS);
  const OLD = {
    'compose.yml': 'services:\n  web:\n    image: ${REPOSITORY:-shop}:${TAG}\n',
    '.env': 'TAG=1\n',
  };
  const NEW = { 'compose.yml': OLD['compose.yml'].replace('shop', 'store'), '.env': 'TAG=2\n' };
  const args = ['set-image', 'web=store:2'];
  let project: TestProject;
  const shim = new CallShim();
  before(() => {
    project = new TestProject();
    write(OLD);
  });
  after(async () => {
    await project.remove();
    shim.remove();
  });

  function write(files: Readonly<Record<string, string>>): void {
    for (const [name, content] of Object.entries(files)) project.write(name, content);
  }
  const text = () => Object.fromEntries(Object.keys(OLD).map((name) => [name, project.read(name)]));

  it('that is killed at any step leaves all files as before or all as after', async () => {
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

  it('that was killed is offered to be taken back by the next one on a terminal', async () => {
    write(OLD);
    expect(await cutOff(project, args, { kind: 'file', moment: 'after', number: 1 })).to.equal(true);
    expect((await project.rewind(args)).exitCode).to.equal(5);
    const session = await project.tty(args);
    await session.expect('Do that first, then go on?');
    session.send('y\r');
    expect(await session.exit(), session.text).to.equal(0);
    expect(text()).to.deep.equal(NEW);
    expect(leftovers(project)).to.deep.equal([]);
  });

  /** While docker fails, hangs or is cut off. */
  async function check(fault: Fault): Promise<void> {
    const what = describeFault(fault);
    write(OLD);
    const outcome = await faultyRun(project, shim, args, fault);
    if (fault.pattern !== '*') expect(shim.hit, `${what} came to pass`).to.be.a('string');
    const said = `${what} (${shim.hit ?? 'no such call'})\n${outcome.stderr}`;
    expectHonest(outcome, SetImage.exitCodes, said);
    expect(text(), said).to.deep.equal(outcome.exitCode === 0 ? NEW : OLD);
    expect(leftovers(project), said).to.deep.equal([]);
  }

  // Compose is asked before the edit, and once more after it.
  const PROOF = 'docker compose * config *json';
  for (const mode of ['fail', 'cut'] as const)
    it(`goes back by itself: ${mode} of the proof`, async () => {
      write(OLD);
      await faultyRun(project, shim, args, undefined);
      const proofs = shim.calls.filter((call) => / config .*json/.test(call)).length;
      await check({ mode, number: proofs, pattern: PROOF });
    });

  everyCall(
    'set-image',
    () => project,
    shim,
    () => {
      write(OLD);
      return faultyRun(project, shim, args, undefined);
    },
    check,
  );
});
