import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  appendHistory,
  deploymentsOf,
  nextId,
  parseHistory,
  readHistory,
} from '../../../src/deployments/history.ts';
import { record } from './records.ts';

const line = (...args: Parameters<typeof record>): string => JSON.stringify(record(...args));

describe('history.jsonl', () => {
  let directory: string;
  beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'history-'))));
  afterEach(() => rm(directory, { recursive: true }));

  it('is empty where there is none', async () => {
    expect(await readHistory(directory)).to.deep.equal({ deployments: [], problems: [] });
  });

  it('appends private lines that are read back', async () => {
    await appendHistory(directory, record(1, 'a:1'));
    await appendHistory(directory, record(2, 'a:2'));
    expect((await readHistory(directory)).deployments.map((entry) => entry.id)).to.deep.equal(['v1', 'v2']);
    expect((await stat(join(directory, 'history.jsonl'))).mode & 0o777).to.equal(0o600);
  });

  it('keeps a torn last line, reports it with its number, and goes on below it', async () => {
    await appendHistory(directory, record(1, 'a:1'));
    await appendFile(join(directory, 'history.jsonl'), '{"schema":1,"uid":"x","id":"v2","servi');
    await appendHistory(directory, record(3, 'a:3'));
    const history = await readHistory(directory);
    expect(history.deployments.map((entry) => entry.id)).to.deep.equal(['v1', 'v3']);
    expect(history.problems).to.deep.equal([
      { line: 2, reason: 'it is not JSON (cut off while being written, or damaged)' },
    ]);
    expect((await readFile(join(directory, 'history.jsonl'), 'utf8')).split('\n')[1]).to.match(/"servi$/);
  });

  it('keeps both sides of a merge conflict, and a record that is on both once', () => {
    const text = [
      line(1, 'a:1'),
      '<<<<<<< HEAD',
      line(2, 'a:2', { uid: 'aaaa', host: 'one' }),
      '||||||| base',
      '=======',
      line(2, 'a:9', { uid: 'bbbb', host: 'two' }),
      line(1, 'a:1'),
      '>>>>>>> branch',
      '',
    ].join('\r\n');
    const history = parseHistory(text);
    expect(history.problems).to.deep.equal([]);
    expect(history.deployments.map((entry) => entry.uid)).to.deep.equal(['uid1', 'aaaa', 'bbbb']);
  });

  it('keeps the records of a newer version and marks them', () => {
    const newer = JSON.stringify({ ...record(7, 'a:7'), schema: 2, services: undefined, status: 'paused' });
    const history = parseHistory(`${newer}\n`);
    expect(history.problems).to.deep.equal([]);
    expect(history.deployments[0]).to.include({ id: 'v7', newer: true });
    expect(nextId(history.deployments)).to.equal('v8');
  });

  it('reports every kind of corrupt line and never throws', () => {
    const lines = [
      'null',
      '[]',
      '"x"',
      '{}',
      '{"id":"v1"}',
      line(1, 'a:1').replace('"services"', '"sevices"'),
      '\u0000',
      '{"schema":1',
    ];
    const history = parseHistory(lines.join('\n'));
    expect(history.deployments).to.deep.equal([]);
    expect(history.problems.map((problem) => problem.line)).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('numbers per project and environment', () => {
    const history = parseHistory(
      [line(1, 'a:1'), line(2, 'a:2', { environment: 'staging' }), line(3, 'a:3', { project: 'other' })].join(
        '\n',
      ),
    );
    const own = deploymentsOf(history, { project: 'shop', environment: 'default' });
    expect(own.map((entry) => entry.id)).to.deep.equal(['v1']);
    expect(nextId(own)).to.equal('v2');
    expect(nextId([])).to.equal('v1');
  });

  it('loses nothing when several append at once', async () => {
    await writeFile(join(directory, 'history.jsonl'), '');
    const numbers = Array.from({ length: 50 }, (_, index) => index + 1);
    await Promise.all(numbers.map((number) => appendHistory(directory, record(number, `a:${number}`))));
    const history = await readHistory(directory);
    expect(history.problems).to.deep.equal([]);
    expect(history.deployments).to.have.length(50);
  });
});
