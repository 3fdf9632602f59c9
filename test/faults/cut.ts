/**
 * Loaded into the command under test (`node --import`): kills its whole session with SIGKILL at one write, as a crash
 * would. Nothing of it is in the product. REWIND_CUT says where: `journal:before:3` before the third write of the journal or
 * the history, `journal:torn:3` with half of it written, `journal:after:3` once it is on the disk; `stream:at:7` at the
 * seventh chunk that is read from or written to a restore point; `file:before:2` and `file:after:2` around the moment in which
 * the second file of the project gets its new content. Without it the writes are counted into REWIND_CUT_COUNT.
 */
import fs from 'node:fs';
import fsp from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { killSession, sessionOf } from '../integration/session.ts';

type Kind = 'journal' | 'stream' | 'file';

const [kind = '', moment = '', number = ''] = (process.env['REWIND_CUT'] ?? '').split(':');
const counts = { journal: 0, stream: 0, file: 0 };

const isJournal = (path: unknown): boolean =>
  typeof path === 'string' &&
  /\/\.rewind\/(journal\/[^/]+\/(plan\.json|progress\.jsonl)|history\.jsonl)/.test(path);
const isPoint = (path: unknown): boolean => typeof path === 'string' && /\/\.rewind\/points\//.test(path);

function reached(which: Kind, when: string): boolean {
  return which === kind && when === moment && counts[which] === Number(number);
}

/** Those who look after the services of a command that died, where they are to die with it. */
function killWatchdogs(journals: string): void {
  for (const id of fs.readdirSync(journals)) {
    const file = `${journals}/${id}/watchdog.json`;
    if (!fs.existsSync(file)) continue;
    const { pid } = JSON.parse(fs.readFileSync(file, 'utf8')) as { pid: number };
    process.kill(pid, 'SIGKILL');
  }
}

function die(): never {
  const journals = process.env['REWIND_CUT_WATCHDOGS'];
  if (journals !== undefined) killWatchdogs(journals);
  killSession(sessionOf(String(process.pid)) ?? 0);
  process.kill(process.pid, 'SIGKILL');
  // The signal is there before the next system call of this thread returns.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

function ofJournal(handle: FileHandle): FileHandle {
  const write = handle.writeFile.bind(handle);
  handle.writeFile = async (data, options) => {
    counts.journal += 1;
    if (reached('journal', 'before')) die();
    if (reached('journal', 'torn')) {
      const bytes = Buffer.from(data as string | Uint8Array);
      await write(bytes.subarray(0, Math.ceil(bytes.length / 2)));
      die();
    }
    return write(data, options);
  };
  const sync = handle.sync.bind(handle);
  handle.sync = async () => {
    await sync();
    if (reached('journal', 'after')) die();
  };
  return handle;
}

function ofPoint(handle: FileHandle): FileHandle {
  const write = handle.writeFile.bind(handle);
  handle.writeFile = async (data, options) => {
    counts.stream += 1;
    if (reached('stream', 'at')) die();
    return write(data, options);
  };
  return handle;
}

const open = fsp.open;
fsp.open = async (path, flags, mode) => {
  const handle = await open(path, flags, mode);
  if (flags === undefined || flags === 'r') return handle;
  if (isJournal(path)) return ofJournal(handle);
  return isPoint(path) ? ofPoint(handle) : handle;
};

const rename = fsp.rename;
fsp.rename = async (from, to) => {
  if (typeof from !== 'string' || !from.endsWith('.rewind-tmp')) return rename(from, to);
  counts.file += 1;
  if (reached('file', 'before')) die();
  await rename(from, to);
  if (reached('file', 'after')) die();
};

const createReadStream = fs.createReadStream;
fs.createReadStream = (path, options) => {
  const stream = createReadStream(path, options);
  if (!isPoint(path)) return stream;
  const read = stream._read.bind(stream);
  stream._read = (size) => {
    counts.stream += 1;
    if (reached('stream', 'at')) die();
    read(size);
  };
  return stream;
};

syncBuiltinESMExports();

const report = process.env['REWIND_CUT_COUNT'];
if (report !== undefined) process.on('exit', () => fs.writeFileSync(report, JSON.stringify(counts)));
