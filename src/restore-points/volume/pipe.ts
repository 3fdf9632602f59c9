import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import type { Runner } from '../../docker/runner.ts';
import { Lines } from '../../lines.ts';
import { readBlocks, type Blocks } from './blocks.ts';
import type { ScriptStreams } from './script.ts';

const { O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants;

/** Our end of a named pipe, for reading. Opening never waits for the other side, and the other side never for us. */
export interface PipeReader {
  stream: Blocks;
  /** The other side is done: what is in the pipe is read, then the stream ends. */
  finish(): void;
  /** Nobody will read any more: the other side gets SIGPIPE. */
  abandon(): void;
}

/** Our end of a named pipe, for writing. */
export interface PipeWriter {
  stream: Writable;
  abandon(): void;
}

/** What is said in a named pipe, line by line. */
export interface LineReader {
  /** The other side is done: what is in the pipe is read, then this closes. */
  finish(): void;
  close(): void;
  closed: Promise<void>;
}

/** Hears every line that comes through a named pipe, and stays open whoever opens and closes the other end. */
export function readLines(path: string, onLine: (line: string) => void): LineReader {
  const guard = guardOf(path);
  const socket = new Socket({
    fd: openSync(path, O_RDONLY | O_NONBLOCK),
    readable: true,
    writable: false,
  });
  const closed = Promise.withResolvers<void>();
  const lines = new Lines();
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    for (const line of lines.with(text)) if (!socket.destroyed) onLine(line);
  });
  socket.on('error', () => {});
  socket.on('end', () => {
    if (lines.rest !== '') onLine(lines.rest);
    socket.destroy();
  });
  socket.on('close', () => {
    guard();
    closed.resolve();
  });
  return { finish: guard, close: () => void socket.destroy(), closed: closed.promise };
}

/** `opened`: resolves once the other side has the pipe open, or will never have. */
export function readPipe(path: string, opened: Promise<void>): PipeReader {
  const guard = guardOf(path);
  const stream = readBlocks(openSync(path, O_RDONLY | O_NONBLOCK));
  return {
    stream,
    finish: guard,
    abandon: () => {
      stream.destroy();
      void opened.then(guard);
    },
  };
}

/** What is on its way into a named pipe. */
export interface Feeding {
  /** Settles when all of it is in the pipe, or nobody reads that any more. */
  done: Promise<void>;
  isDone(): boolean;
  abandon(): void;
}

/** Milliseconds between two looks at how far a file is. */
const LOOK_MS = 100;

/**
 * Has a file of this host copied into a named pipe. The pipe never runs dry while we are busy with something else, as with a
 * checksum of the same bytes: extracting takes a third less time.
 */
export function pourPipe(
  path: string,
  opened: Promise<void>,
  { path: file, onBytes }: NonNullable<ScriptStreams<unknown>['file']>,
  pour: NonNullable<Runner['pour']>,
): Feeding {
  const guard = guardOf(path);
  try {
    const { position, stop, ended } = pour(file, path);
    const look = setInterval(() => onBytes(position()), LOOK_MS);
    let isDone = false;
    const done = ended.finally(() => {
      isDone = true;
      clearInterval(look);
    });
    return { done, isDone: () => isDone, abandon: stop };
  } finally {
    void opened.then(guard);
  }
}

export function writePipe(path: string, opened: Promise<void>): PipeWriter {
  const guard = guardOf(path);
  const stream = new Socket({
    fd: openSync(path, O_WRONLY | O_NONBLOCK),
    readable: false,
    writable: true,
  });
  void opened.then(guard);
  return { stream, abandon: () => stream.destroy() };
}

/**
 * Puts a few words into a named pipe (no more than it holds) before anybody has opened it. Whoever reads them has them all
 * once the result is called, which has to wait until they have it open.
 */
export function offer(path: string, words: Buffer): () => void {
  const fd = openSync(path, O_RDWR | O_NONBLOCK);
  let open = true;
  const close = (): void => {
    if (open) closeSync(fd);
    open = false;
  };
  try {
    if (writeSync(fd, words) < words.length) throw new Error('these are more words than a pipe holds');
  } catch (error) {
    close();
    throw error;
  }
  return close;
}

/**
 * Holds both ends open until it is called: without a reader a writer cannot open, what it wrote would be lost, and a
 * reader that comes when all writers have gone waits for ever.
 */
function guardOf(path: string): () => void {
  const fd = openSync(path, O_RDWR | O_NONBLOCK);
  let open = true;
  return () => {
    if (open) closeSync(fd);
    open = false;
  };
}
