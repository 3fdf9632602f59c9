import { Readable } from 'node:stream';
import { RewindError } from '../../errors.ts';
import { digestOf } from './block-difference.ts';
import { nameList } from './index-source.ts';
import type { LayerPlace } from './layer-links.ts';
import type { PartlyKept } from './layer.ts';
import { requireCodes } from './script.ts';
import { READ_GNU } from './scripts.ts';
import { readTar } from './tar-reader.ts';

/**
 * Reads files that were put together of parts, and throws NOT_EQUAL (exit 4) where one is not what was archived: its bytes lie
 * in several archives, of which each may be whole.
 */
export async function checkParts(
  files: readonly PartlyKept[],
  { helper, directory, point, signal }: LayerPlace,
): Promise<void> {
  const wanted = new Map(files.map(({ path, sha256 }) => [path, sha256]));
  const { report } = await helper.run(
    READ_GNU,
    [directory],
    {
      input: Readable.from([nameList([...wanted.keys()])]),
      output: async (stream) => {
        for await (const file of readTar(stream))
          if (wanted.get(file.name) === (await digestOf(file))) wanted.delete(file.name);
      },
    },
    signal,
  );
  requireCodes(report, ['tar'], `reading large files of ${point}`);
  if (wanted.size === 0) return;
  throw new RewindError('NOT_EQUAL', `large files of ${point} as put together are not what was archived`, {
    exit: 'refused',
    details: [...wanted.keys()].slice(0, 5).map((path) => Buffer.from(path, 'latin1').toString('utf8')),
    hint: 'docker rewind list shows the other restore points',
  });
}
