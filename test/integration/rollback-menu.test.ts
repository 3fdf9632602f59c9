import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { KEYS, type TtySession } from '../e2e/installed.ts';
import { TestProject } from './project.ts';
import { containerIds, leftovers, worldOf } from './world.ts';

const SHOW_CURSOR = '\u001B[?25h';
const HIDE_CURSOR = '\u001B[?25l';
const QUESTION = 'Go back to which deployment?';

describe('the menu of rollback', () => {
  let project: TestProject;
  const opened: TtySession[] = [];
  const image = (tag: string): string => `${project.repository}:${tag}`;
  before(async () => {
    project = await TestProject.web({ v1: 'ok', v2: 'ok', v3: 'ok' });
    await project.must(['deploy', '-m', 'the quiet summer release']);
    await project.must(['deploy', `web=${image('v2')}`, '-m', 'faster search']);
    await project.must(['deploy', `web=${image('v3')}`]);
    // Somebody else's: one line of the history says who.
    const path = project.path('.rewind/history.jsonl');
    const lines = readFileSync(path, 'utf8').split('\n');
    lines[0] = JSON.stringify({ ...JSON.parse(lines[0]!), user: 'beatrice' });
    writeFileSync(path, lines.join('\n'));
  });
  after(() => project.remove());
  afterEach(() => opened.splice(0).forEach((terminal) => terminal.kill()));

  /** A terminal that does not outlive its test. */
  async function open(...args: Parameters<TestProject['tty']>): Promise<TtySession> {
    const terminal = await project.tty(...args);
    opened.push(terminal);
    return terminal;
  }

  /** Runs `work`, which must change nothing. */
  async function unchanged(work: () => Promise<void>): Promise<void> {
    const state = async () => [
      await worldOf(project),
      await containerIds(project, 'web'),
      await project.history(),
    ];
    const before = await state();
    await work();
    expect(await state()).to.deep.equal(before);
    expect(leftovers(project)).to.deep.equal([]);
  }

  it('shows number, age, who, images and what would change; Ctrl-C leaves all as it is', () =>
    unchanged(async () => {
      const terminal = await open(['rollback'], { columns: 160 });
      const shown = await terminal.expect(/web: \S+:v3 → \S+:v2/);
      expect(shown).to.contain(QUESTION);
      expect(shown).to.match(/v3 +\d+s ago .*:v3.*\(runs now\)/);
      expect(shown).to.match(/v2 +\d+s ago {2}\S+ {2}\S+:v2 {2}"faster search"/);
      expect(shown).to.match(/v1 +\d+s ago {2}beatrice {2}\S+:v1 {2}"the quiet summer release"/);
      terminal.send(KEYS.ctrlC);
      expect(await terminal.exit()).to.equal(130);
      expect(terminal.raw.lastIndexOf(SHOW_CURSOR)).to.be.greaterThan(terminal.raw.lastIndexOf(HIDE_CURSOR));
      expect(terminal.text).to.match(/interrupted. Nothing was changed/);
    }));

  it('finds by tag, by user and by a word of the message; a no changes nothing', () =>
    unchanged(async () => {
      for (const [typed, target] of [
        [':v1', 'v1'],
        ['BEATRICE', 'v1'],
        ['search', 'v2'],
        ['summer quiet', 'v1'],
      ] as const) {
        const terminal = await open(['rollback'], { columns: 160 });
        await terminal.expect(/→ \S+:v2/);
        terminal.send(typed);
        // Until the list is narrowed down: Return is not heard before.
        await terminal.expect(new RegExp(`${typed}\\s*\\n❯ ${target} `));
        terminal.send(KEYS.enter);
        await terminal.expect(new RegExp(`rollback to ${target} as v4[^]*Go on\\?`));
        terminal.send(KEYS.enter);
        expect(await terminal.exit(), typed).to.equal(4);
        expect(terminal.text).to.match(/declined. Nothing was changed/);
      }
    }));

  it('never lets the current one be chosen, and has an end', () =>
    unchanged(async () => {
      const terminal = await open(['rollback'], { columns: 40, rows: 12 });
      await terminal.expect(/→\s+\S*:v2|:v2/);
      terminal.send('v3');
      await terminal.expect(/v3[^]*runs now/);
      terminal.send(KEYS.enter);
      terminal.send('zzz');
      await terminal.expect(/zzz/);
      terminal.send(KEYS.enter);
      await terminal.expect(/No results/i);
      terminal.send(KEYS.ctrlC);
      expect(await terminal.exit()).to.equal(130);
    }));

  it('goes where the arrows lead, after the plan and a yes', async () => {
    const terminal = await open(['rollback'], { columns: 100 });
    await terminal.expect(/→ \S+:v2/);
    terminal.send(KEYS.down);
    await terminal.expect(/→ \S+:v1/);
    terminal.send(KEYS.enter);
    const plan = await terminal.expect('Go on?');
    expect(plan).to.match(/web: \S+:v3 → \S+:v1/);
    expect(plan).to.match(/1\. edit compose.yml/);
    expect(await project.answers()).to.equal('v3');
    terminal.send('y');
    terminal.send(KEYS.enter);
    expect(await terminal.exit()).to.equal(0);
    expect(terminal.text).to.match(/rolled back to v1 as v4/);
    expect(await project.answers()).to.equal('v1');
    expect(terminal.raw.lastIndexOf(SHOW_CURSOR)).to.be.greaterThan(terminal.raw.lastIndexOf(HIDE_CURSOR));
  });

  it('is long and narrow where it must be', async () => {
    const path = project.path('.rewind/history.jsonl');
    const [first] = readFileSync(path, 'utf8').split('\n');
    const more = Array.from({ length: 60 }, (_, index) =>
      JSON.stringify({
        ...JSON.parse(first!),
        uid: `more${index}`,
        id: `v${index + 10}`,
        message: `number ${index}`,
      }),
    );
    writeFileSync(path, `${readFileSync(path, 'utf8')}${more.join('\n')}\n`);
    const terminal = await open(['rollback'], { columns: 40, rows: 16 });
    await terminal.expect(QUESTION);
    await terminal.expect(/number 5\d/);
    expect(terminal.text).to.not.match(/number 0\b/);
    terminal.send('faster');
    await terminal.expect(/faster\s*\n❯ v2 /);
    terminal.send(KEYS.enter);
    await terminal.expect('Go on?');
    terminal.send(KEYS.ctrlC);
    expect(await terminal.exit()).to.equal(130);
    const widest = Math.max(...terminal.text.split('\n').map((line) => [...line].length));
    expect(widest).to.be.greaterThan(10);
  });
});
