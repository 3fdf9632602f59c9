import { expect } from 'chai';
import { KEYS, type TtySession } from '../e2e/installed.ts';
import { leftovers, until } from '../integration/world.ts';
import { FaultProject } from './fault-project.ts';
import { conclude, expectWritesKept, remember } from './sweep.ts';
import { TIMEOUT_MS } from './wanted.ts';

describe('interrupting a command while a service is being stopped', function () {
  this.timeout(TIMEOUT_MS);
  let project: FaultProject;
  before(async () => {
    project = await FaultProject.make();
    // It hears that it is to end and does not, so that there is time to do something meanwhile.
    await project.within('touch /data/stay');
  });
  after(() => project.remove());

  async function beingStopped(args: readonly string[] = ['backup']): Promise<TtySession> {
    const told = project.timesTold();
    const session = await project.tty(args);
    await until('the stop', () => project.timesTold() > told, 60_000);
    return session;
  }

  const expectTerminalInOrder = ({ raw }: TtySession): void => {
    expect(raw.lastIndexOf('\u001B[?25h')).to.be.at.least(raw.lastIndexOf('\u001B[?25l'));
  };

  it('has it run again on the first Ctrl-C, though the engine goes on with the stop, and ends with 130', async () => {
    const earlier = await remember(project);
    const session = await beingStopped();
    session.send(KEYS.ctrlC);
    expect(await session.exit(), session.text).to.equal(130);
    expect(session.text).to.contain('interrupted. Everything is back as it was');
    expectTerminalInOrder(session);
    await project.untilWell();
    expect(await project.leftovers()).to.deep.equal([]);
    expect(project.points()).to.deep.equal([]);
    const aftermath = { outcome: undefined, earlier };
    await expectWritesKept(project, { kind: 'journal', moment: 'after', number: 0 }, aftermath);
  });

  it('leaves at once on the second one; the service runs again without anybody doing anything', async () => {
    const earlier = await remember(project);
    const session = await beingStopped();
    const exit = session.exit();
    let left = false;
    void exit.finally(() => (left = true));
    // The first one is heard while the service is being stopped, and so is the next.
    await until('the end', () => {
      if (!left) session.send(KEYS.ctrlC);
      return left;
    });
    expect(await exit, session.text).to.equal(130);
    expect(session.text).to.contain('→ docker rewind recover');
    expectTerminalInOrder(session);
    expect(leftovers(project).filter((name) => name !== 'lock')).to.have.length(1);
    await until('a new start', () => project.starts().size > earlier.starts.size, 60_000);
    await project.untilWell();
    const aftermath = await conclude(project, { kind: 'journal', moment: 'after', number: 1 }, earlier);
    expect(aftermath.outcome).to.equal('undone');
    expect(project.starts().size).to.equal(earlier.starts.size + 1);
    await expectWritesKept(project, { kind: 'journal', moment: 'after', number: 1 }, aftermath);
  });

  it('takes a restore back on the first Ctrl-C: the data is what it was', async () => {
    const { id } = await project.backup();
    await project.fill('new');
    const present = await project.content();
    const earlier = await remember(project);
    const session = await beingStopped(['restore', id, '--yes', '--no-safety-backup']);
    session.send(KEYS.ctrlC);
    expect(await session.exit(), session.text).to.equal(130);
    expect(session.text).to.contain('Everything is back as it was');
    expectTerminalInOrder(session);
    await project.untilWell();
    expect(await project.leftovers()).to.deep.equal([]);
    expect(await project.content()).to.equal(present);
    const aftermath = { outcome: undefined, earlier };
    await expectWritesKept(project, { kind: 'journal', moment: 'after', number: 0 }, aftermath);
  });

  it('has the very same container run again, also where a deploy wanted to replace it and its file says more by now', async () => {
    const text = project.read('compose.yml');
    project.rewrite(text.replace('"web": {', '"web": {"labels": {"edited": "since"},'));
    const [before] = await project.containers();
    const session = await beingStopped(['deploy', `web=${project.repository}:v2`]);
    session.send(KEYS.ctrlC);
    expect(await session.exit(), session.text).to.equal(130);
    await project.untilWell();
    expect((await project.containers())[0]?.id).to.equal(before?.id);
    expect(await project.leftovers()).to.deep.equal([]);
  });
});
