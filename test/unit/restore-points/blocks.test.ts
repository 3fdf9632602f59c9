import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { execa } from 'execa';
import { owned, readBlocks, type Blocks } from '../../../src/restore-points/volume/blocks.ts';

const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

describe('the blocks of a pipe', () => {
  let directory: string;
  let fifo: string;
  let writer: ChildProcess | undefined;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'rewind-blocks-'));
    fifo = join(directory, 'fifo');
    await execa('mkfifo', [fifo]);
  });
  afterEach(() => {
    writer?.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  /** Blocks of what is written; `piece` bytes at a time. */
  function blocksOf(content: Buffer, piece: number): Blocks {
    const reading = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const dd = spawn('dd', [`of=${fifo}`, `bs=${piece}`, 'status=none'], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    const guard = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
    writer = dd;
    dd.on('exit', () => closeSync(guard));
    dd.stdin.on('error', () => {});
    dd.stdin.end(content);
    return readBlocks(reading);
  }

  for (const [size, piece] of [
    [0, 512],
    [1, 1],
    [70_001, 777],
    [9_500_123, 65_536],
  ] as const) {
    it(`are all of ${size} bytes, and stay as they are while they are used`, async () => {
      const content = randomBytes(size);
      const taken: Buffer[] = [];
      for await (const block of blocksOf(content, piece)) {
        const before = sha256(block);
        // The others fill up meanwhile.
        for (let turn = 0; turn < 50; turn++) await setImmediate();
        expect(sha256(block)).to.equal(before);
        taken.push(Buffer.from(block));
      }
      expect(sha256(Buffer.concat(taken))).to.equal(sha256(content));
    });
  }

  it('stay as they are for those who own them', async () => {
    const content = randomBytes(7_000_321);
    const kept: Buffer[] = [];
    for await (const block of owned(blocksOf(content, 50_000))) kept.push(block as Buffer);
    expect(sha256(Buffer.concat(kept))).to.equal(sha256(content));
  });

  it('end with an error for whoever waits when the pipe is given up', async () => {
    const blocks = blocksOf(randomBytes(20_000_000), 65_536);
    const iterator = blocks[Symbol.asyncIterator]();
    await iterator.next();
    blocks.destroy();
    let error: unknown;
    try {
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next());
    } catch (thrown) {
      error = thrown;
    }
    expect(error).to.have.property('code', 'ERR_STREAM_PREMATURE_CLOSE');
  });
});
