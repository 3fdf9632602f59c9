import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

const HEADER_BYTES = 8;
const STDERR = 2;

/**
 * Takes apart what the engine sends of a program without a terminal: frames of a byte that names the stream (1 standard
 * output, 2 standard error), three zeros, the length in four bytes, most significant first, and as many bytes (Engine API,
 * ContainerAttach). Both ends are ended when the connection is. Rejects where that happens within a frame.
 */
export async function takeApart(connection: Readable, stdout: Writable, stderr: Writable): Promise<void> {
  let header = Buffer.alloc(0);
  let left = 0;
  let target = stdout;
  try {
    for await (const piece of connection) {
      let chunk = piece as Buffer;
      while (chunk.length > 0) {
        if (left === 0) {
          const missing = HEADER_BYTES - header.length;
          header = Buffer.concat([header, chunk.subarray(0, missing)]);
          chunk = chunk.subarray(missing);
          if (header.length < HEADER_BYTES) break;
          target = header[0] === STDERR ? stderr : stdout;
          left = header.readUInt32BE(4);
          header = Buffer.alloc(0);
        } else {
          const content = chunk.subarray(0, left);
          chunk = chunk.subarray(content.length);
          left -= content.length;
          await put(content, target);
        }
      }
    }
    if (left > 0 || header.length > 0) throw new Error('the connection ended within a frame');
  } finally {
    stdout.end();
    stderr.end();
  }
}

/** What nobody takes any more is dropped: the other stream may still be wanted. */
async function put(content: Buffer, target: Writable): Promise<void> {
  if (target.destroyed || target.write(content)) return;
  const enough = new AbortController();
  const { signal } = enough;
  await Promise.race(
    ['drain', 'close', 'error'].map((event) => once(target, event, { signal }).catch(() => {})),
  ).finally(() => enough.abort());
}
