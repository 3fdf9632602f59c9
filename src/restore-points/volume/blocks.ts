import { Socket } from 'node:net';
import { Readable } from 'node:stream';

const BLOCK = 1024 * 1024;
/** While one is being used, the others fill up. */
const BLOCKS = 4;
/** What a pipe holds, and one read takes at most. */
const READ = 64 * 1024;

/** What comes through a pipe. */
export interface Blocks extends AsyncIterable<Buffer> {
  /** Nothing more is read: whoever waits for a block gets an error. */
  destroy(): void;
}

/**
 * What comes through an open pipe, in blocks of a megabyte, the last one shorter. A block may be used until the next one is
 * asked for: then its memory is another one's. A pipe gives 64 KiB at a time, and whatever each of them costs here is time in
 * which nobody empties the pipe and all that write to it stand still; new memory for each would cost more than reading it.
 */
export function readBlocks(fd: number): Blocks {
  const free = Array.from({ length: BLOCKS }, () => Buffer.allocUnsafeSlow(BLOCK));
  const full: Buffer[] = [];
  let block = free.pop() as Buffer;
  let filled = 0;
  let ended = false;
  let failure: Error | undefined;
  let wake = (): void => {};
  const finishBlock = (): void => {
    full.push(block.subarray(0, filled));
    // There is one: nothing is read while none is free.
    block = free.pop() as Buffer;
    filled = 0;
    wake();
  };
  const socket = new Socket({
    fd,
    readable: true,
    writable: false,
    onread: {
      buffer: () => block.subarray(filled),
      // False: nothing more is read until a block is free again.
      callback: (bytes) => {
        filled += bytes;
        if (BLOCK - filled < READ) finishBlock();
        return free.length > 0;
      },
    },
  } as ConstructorParameters<typeof Socket>[0]);
  socket.on('error', (error) => (failure ??= error));
  socket.on('end', () => {
    if (filled > 0) finishBlock();
    ended = true;
    wake();
  });
  socket.on('close', () => {
    if (!ended)
      failure ??= Object.assign(new Error('the pipe was given up'), { code: 'ERR_STREAM_PREMATURE_CLOSE' });
    wake();
  });
  socket.resume();
  return {
    destroy: () => void socket.destroy(),
    async *[Symbol.asyncIterator]() {
      try {
        for (;;) {
          const next = full.shift();
          if (next !== undefined) {
            yield next;
            free.push(Buffer.from(next.buffer as ArrayBuffer));
            socket.resume();
          } else if (failure !== undefined) throw failure;
          else if (ended) return;
          else await new Promise<void>((resolve) => (wake = resolve));
        }
      } finally {
        socket.destroy();
      }
    },
  };
}

/** The same as a stream whose chunks stay as they are. */
export function owned(blocks: AsyncIterable<Buffer>): Readable {
  const copies = async function* (): AsyncGenerator<Buffer> {
    for await (const block of blocks) yield Buffer.from(block);
  };
  return Readable.from(copies());
}
