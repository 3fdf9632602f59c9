import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { readBlocks, type Blocks } from './blocks.ts';

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
