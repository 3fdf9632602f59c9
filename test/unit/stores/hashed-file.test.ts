import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { writeHashed } from '../../../src/stores/hashed-file.ts';

describe('a stored file', () => {
  it('has all that came, whatever the size of the chunks, and whatever becomes of their memory afterwards', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'rewind-hashed-'));
    const path = join(directory, 'file');
    const sizes = fc.array(
      fc.oneof(fc.nat(70_000), fc.constantFrom(524_288, 524_289, 1_048_576, 1_500_000)),
      {
        maxLength: 12,
      },
    );
    await fc.assert(
      fc.asyncProperty(sizes, async (lengths) => {
        const content = randomBytes(lengths.reduce((sum, length) => sum + length, 0));
        const memory = Buffer.alloc(2_000_000);
        const chunks = async function* (): AsyncGenerator<Uint8Array> {
          let start = 0;
          for (const length of lengths) {
            yield memory.subarray(0, content.copy(memory, 0, start, start + length));
            memory.fill(0);
            start += length;
          }
        };
        const { bytes, sha256 } = await writeHashed(path, chunks());
        const written = readFileSync(path);
        expect(bytes).to.equal(content.length);
        expect(written.equals(content)).to.equal(true);
        expect(sha256).to.equal(createHash('sha256').update(content).digest('hex'));
      }),
      { numRuns: 30 },
    );
    rmSync(directory, { recursive: true });
  });
});
