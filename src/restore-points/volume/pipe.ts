import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** Our end of a named pipe. Opening never waits for the other side, and the other side never waits for us. */
export interface PipeReader {
  stream: Readable;
  /** The other side is done: what is in the pipe is read, then the stream ends. */
  finish(): void;
  /** Nobody will read any more: the other side gets SIGPIPE. */
  abandon(): void;
}

export function readPipe(path: string): PipeReader {
  const reader = openSync(path, O_RDONLY | O_NONBLOCK);
  // A pipe without a writer reads as ended: this one stands in until the other side has been there.
  const keep = once(openSync(path, O_WRONLY | O_NONBLOCK));
  const stream = new Socket({ fd: reader, readable: true, writable: false });
  return {
    stream,
    finish: keep,
    abandon: () => {
      stream.destroy();
      keep();
    },
  };
}

export interface PipeWriter {
  stream: Writable;
  /** The other side has the pipe open: from now on it notices when we close ours. */
  opened(): void;
  abandon(): void;
}

export function writePipe(path: string): PipeWriter {
  // Without a reader the write end cannot be opened, and what is written before one comes would be lost.
  const keep = once(openSync(path, O_RDONLY | O_NONBLOCK));
  const writer = openSync(path, O_WRONLY | O_NONBLOCK);
  const stream = new Socket({ fd: writer, readable: false, writable: true });
  return {
    stream,
    opened: keep,
    abandon: () => {
      stream.destroy();
      keep();
    },
  };
}

function once(fd: number): () => void {
  let open = true;
  return () => {
    if (open) closeSync(fd);
    open = false;
  };
}
