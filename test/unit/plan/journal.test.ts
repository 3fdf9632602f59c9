import { expect } from 'chai';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import fsp from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { clearConcluded, Journal, unfinishedJournals } from '../../../src/plan/journal.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { openStateDirectory } from '../../../src/plan/state-directory.ts';

const plan = { command: 'deploy', scope: {}, steps: [], undo: [] } as unknown as Plan;

describe('journal', () => {
  let state: string;
  beforeEach(() => (state = mkdtempSync(join(tmpdir(), 'rewind-journal-'))));
  afterEach(() => rmSync(state, { recursive: true, force: true }));

  it('is on disk before it returns, readable by its owner only, and gone when it is concluded', async () => {
    const journal = await Journal.begin(state, plan);
    await journal.record('step', 0, 'started');
    const [found] = await unfinishedJournals(state);
    expect(found?.plan).to.deep.equal(plan);
    expect(found?.entries).to.have.length(1);
    expect(found?.entries[0]).to.include({ phase: 'step', index: 0, state: 'started' });
    for (const name of ['plan.json', 'progress.jsonl']) {
      expect(statSync(join(journal.directory, name)).mode & 0o777, name).to.equal(0o600);
    }
    await journal.conclude();
    expect(await unfinishedJournals(state)).to.deep.equal([]);
  });

  it('has its plan, its lines and every directory above them on the disk before it returns', async () => {
    const synced: string[] = [];
    const { open } = fsp;
    fsp.open = async (path, flags, mode) => {
      const handle = await open(path, flags, mode);
      const sync = handle.sync.bind(handle);
      handle.sync = async () => {
        await sync();
        synced.push(relative(state, String(path)));
      };
      return handle;
    };
    syncBuiltinESMExports();
    try {
      const journal = await Journal.begin(await openStateDirectory(state), plan);
      const own = `.rewind/journal/${journal.id}`;
      expect(synced).to.have.members([`${own}/plan.json.tmp`, own, '.rewind/journal', '.rewind', '']);
      await journal.record('step', 0, 'started');
      expect(synced.slice(5)).to.deep.equal([`${own}/progress.jsonl`, own]);
    } finally {
      fsp.open = open;
      syncBuiltinESMExports();
    }
  });

  it('reads the whole lines of a progress whose last one is torn', async () => {
    const journal = await Journal.begin(state, plan);
    await journal.record('step', 0, 'started');
    await journal.record('step', 0, 'done');
    appendFileSync(join(journal.directory, 'progress.jsonl'), '{"at":"2026-01-01","phase":"st');
    const [found] = await unfinishedJournals(state);
    expect(found?.entries.map((entry) => entry.state)).to.deep.equal(['started', 'done']);
  });

  it('keeps what is recorded after a line that was torn', async () => {
    const journal = await Journal.begin(state, plan);
    await journal.record('step', 0, 'started');
    appendFileSync(join(journal.directory, 'progress.jsonl'), '{"at":"2026-01-01","phase":"st');
    await journal.record('undo', 0, 'started');
    await journal.record('undo', 0, 'done');
    const [found] = await unfinishedJournals(state);
    expect(found?.entries.map(({ phase, state: at }) => `${phase} ${at}`)).to.deep.equal([
      'step started',
      'undo started',
      'undo done',
    ]);
  });

  it('is concluded as a whole: what a cut-off removal leaves is no journal', async () => {
    const journal = await Journal.begin(state, plan);
    renameSync(journal.directory, join(state, 'journal', `.concluded-${journal.id}`));
    expect(await unfinishedJournals(state)).to.deep.equal([]);
    await journal.conclude();
    await clearConcluded(state);
    expect(readdirSync(join(state, 'journal'))).to.deep.equal([]);
  });

  it('knows a journal whose plan never reached the disk, and keeps the oldest first', async () => {
    const first = await Journal.begin(state, plan);
    mkdirSync(join(state, 'journal', '00000000T000000000Z-aaaaaa'));
    const found = await unfinishedJournals(state);
    expect(found.map((entry) => entry.journal.id)).to.deep.equal(['00000000T000000000Z-aaaaaa', first.id]);
    expect(found[0]).to.not.have.property('plan');
  });

  it('says which plan cannot be read instead of passing it over', async () => {
    const journal = await Journal.begin(state, plan);
    writeFileSync(join(journal.directory, 'plan.json'), '{"command":');
    const error = await unfinishedJournals(state).catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: 'JOURNAL_UNREADABLE', exitCode: 5 });
    expect((error as Error).message).to.contain(journal.directory);
  });

  it('leaves no half journal behind when it cannot be written', async () => {
    writeFileSync(join(state, 'journal'), 'a file where the directory should be');
    expect(await Journal.begin(state, plan).catch(() => 'failed')).to.equal('failed');
    rmSync(join(state, 'journal'));
    mkdirSync(join(state, 'journal'));
    const cyclic: { self?: unknown } = {};
    cyclic.self = cyclic;
    const bad = { ...plan, subject: cyclic };
    expect(await Journal.begin(state, bad).catch(() => 'failed')).to.equal('failed');
    expect(readdirSync(join(state, 'journal'))).to.deep.equal([]);
  });

  it('does not take a place that it cannot read for one without journals', async () => {
    writeFileSync(join(state, 'journal'), '');
    chmodSync(join(state, 'journal'), 0o600);
    const error = await unfinishedJournals(state).catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: 'JOURNAL_UNREADABLE' });
    expect(existsSync(join(state, 'journal'))).to.equal(true);
  });
});
