import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { messageOf, RewindError } from '../errors.ts';
import { appendLineDurably, makePrivateDirectory, syncDirectory, writeDurably } from './durable.ts';
import { whose } from './ownership.ts';
import type { Plan } from './plan.ts';
import { diskError } from './state-directory.ts';

const RESERVE = 'reserve';
const RESERVE_BYTES = 65_536;

/** One line of `progress.jsonl`: a step of the plan or of its way back began or ended. */
export interface JournalEntry {
  at: string;
  phase: 'step' | 'undo';
  index: number;
  state: 'started' | 'done' | 'failed';
}

/** What the entries say of how far an execution came. */
export type JournalProgress = readonly Pick<JournalEntry, 'phase' | 'index' | 'state'>[];

/** An execution on disk: `.rewind/journal/<id>/plan.json` and `progress.jsonl`; the directory goes when it is concluded. */
export class Journal {
  readonly id: string;
  /** Holds also what steps keep for the way back. */
  readonly directory: string;

  constructor(id: string, directory: string) {
    this.id = id;
    this.directory = directory;
  }

  /** Writes the plan durably. Nothing may be changed before this returns. */
  static async begin(stateDirectory: string, plan: Plan): Promise<Journal> {
    const id = `${new Date().toISOString().replace(/[-:.]/g, '')}-${randomBytes(3).toString('hex')}`;
    const journals = join(stateDirectory, 'journal');
    const journal = new Journal(id, join(journals, id));
    try {
      await makePrivateDirectory(journal.directory);
      await writeFile(join(journal.directory, RESERVE), randomBytes(RESERVE_BYTES), { mode: 0o600 });
      await writeDurably(join(journal.directory, 'plan.json'), JSON.stringify(plan));
      await syncDirectory(journals);
      await syncDirectory(stateDirectory);
      return journal;
    } catch (error) {
      // Half a journal would look like an execution that was cut off.
      await journal.conclude().catch(() => {});
      throw diskError(error, journal.directory);
    }
  }

  async record(phase: JournalEntry['phase'], index: number, state: JournalEntry['state']): Promise<void> {
    const entry: JournalEntry = { at: new Date().toISOString(), phase, index, state };
    const path = join(this.directory, 'progress.jsonl');
    await appendLineDurably(path, JSON.stringify(entry)).catch((error: unknown) => {
      throw diskError(error, path);
    });
  }

  /** Gives the way back some room on a disk that is full: files are put back by writing them anew. */
  async releaseReserve(): Promise<void> {
    await rm(join(this.directory, RESERVE), { force: true }).catch(() => {});
  }

  /** The execution is over and its outcome is recorded elsewhere. All of it goes at once: half a journal says something else. */
  async conclude(): Promise<void> {
    const journals = dirname(this.directory);
    const concluded = join(journals, `${CONCLUDED}${this.id}`);
    await rename(this.directory, concluded).catch((error: unknown) => absent(error, this.directory));
    await syncDirectory(journals).catch((error: unknown) => absent(error, journals));
    await rm(concluded, { recursive: true, force: true });
  }
}

const CONCLUDED = '.concluded-';

/** Removes what is left of journals whose conclusion was cut off. The caller holds the lock. */
export async function clearConcluded(stateDirectory: string): Promise<void> {
  const journals = join(stateDirectory, 'journal');
  const names = await readdir(journals).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(CONCLUDED)))
    await rm(join(journals, name), { recursive: true, force: true });
}

/** An execution that was begun and not concluded. */
export interface UnfinishedJournal {
  journal: Journal;
  /** Undefined where the plan never reached the disk: nothing was changed then. */
  plan?: Plan;
  entries: JournalEntry[];
}

/** All unfinished executions, oldest first. */
export async function unfinishedJournals(stateDirectory: string): Promise<UnfinishedJournal[]> {
  const journals = join(stateDirectory, 'journal');
  // What cannot be read is not taken for absent: an execution that was cut off would be passed over.
  const names = await readdir(journals).catch((error: unknown) => absent(error, journals) ?? []);
  const ids = names.filter((name) => !name.startsWith(CONCLUDED));
  return Promise.all(ids.sort().map((id) => readJournal(new Journal(id, join(journals, id)))));
}

async function readJournal(journal: Journal): Promise<UnfinishedJournal> {
  const read = (name: string): Promise<string | undefined> =>
    readFile(join(journal.directory, name), 'utf8').catch((error: unknown) =>
      absent(error, journal.directory),
    );
  const [plan, progress] = await Promise.all([read('plan.json'), read('progress.jsonl')]);
  const entries = (progress ?? '').split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as JournalEntry];
    } catch {
      // The line that was being written when the power went; what it would have said did not happen yet.
      return [];
    }
  });
  return { journal, entries, ...(plan === undefined ? {} : { plan: parsePlan(plan, journal) }) };
}

function parsePlan(text: string, journal: Journal): Plan {
  try {
    return JSON.parse(text) as Plan;
  } catch (cause) {
    throw unreadable(join(journal.directory, 'plan.json'), cause);
  }
}

/** Undefined for what is not there; throws for what is there and cannot be read. */
function absent(error: unknown, path: string): undefined {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  throw unreadable(path, error);
}

function unreadable(path: string, cause: unknown): RewindError {
  const denied = ['EACCES', 'EPERM'].includes((cause as NodeJS.ErrnoException).code ?? '');
  const other = denied ? whose(path) : undefined;
  if (other !== undefined) {
    // What somebody else left is not to be removed, but to be concluded.
    return new RewindError(
      'JOURNAL_UNREADABLE',
      `${path}, which says what was cut off, cannot be read by you`,
      {
        exit: 'notUndone',
        hint: `${other}: docker rewind recover`,
        cause,
      },
    );
  }
  return new RewindError('JOURNAL_UNREADABLE', `${path} cannot be read: ${messageOf(cause)}`, {
    exit: 'notUndone',
    hint: `Compare what runs with docker rewind status; once all is as it should be: rm -r ${path}`,
    cause,
  });
}
