import { BLOCK, ContentDigest, ZEROS } from './content-digest.ts';
import type { TarMember } from './tar-reader.ts';

/** Blocks that follow each other are kept together, up to so many bytes. */
const LONGEST = 4 * 1024 * 1024;

/** Bytes of a file from an offset on. */
export interface FilePart {
  offset: number;
  content: Buffer;
}

/**
 * What has to be written over one version of a file, cut or lengthened to the size of the other one, to make it that: parts
 * in their order. Holes are zeros. `content` may be used until the next part is asked for. Returns the ContentDigest of `after`.
 */
export async function* changedParts(before: TarMember, after: TarMember): AsyncGenerator<FilePart, string> {
  const digest = new ContentDigest();
  const [olds, news] = [blocksOf(before, after.size), blocksOf(after, after.size)];
  const gathered = Buffer.allocUnsafeSlow(LONGEST);
  let start = 0;
  let filled = 0;
  try {
    let [old, now] = [await next(olds), await next(news)];
    while (old !== undefined || now !== undefined) {
      const number = Math.min(old?.number ?? Infinity, now?.number ?? Infinity);
      const content = now?.number === number ? now.block : ZEROS;
      digest.add(number, content);
      if (!content.equals(old?.number === number ? old.block : ZEROS)) {
        const offset = number * BLOCK;
        if (filled > 0 && (offset !== start + filled || filled === LONGEST)) {
          yield { offset: start, content: gathered.subarray(0, filled) };
          filled = 0;
        }
        if (filled === 0) start = offset;
        const bytes = Math.min(BLOCK, after.size - offset);
        content.copy(gathered, filled, 0, bytes);
        filled += bytes;
      }
      if (old?.number === number) old = await next(olds);
      if (now?.number === number) now = await next(news);
    }
    if (filled > 0) yield { offset: start, content: gathered.subarray(0, filled) };
    return digest.end();
  } finally {
    await Promise.all([olds.return(undefined), news.return(undefined)]);
  }
}

/** The ContentDigest of a file. */
export async function digestOf(file: TarMember): Promise<string> {
  const digest = new ContentDigest();
  for await (const { number, block } of blocksOf(file, file.size)) digest.add(number, block);
  return digest.end();
}

interface Block {
  /** Counted from the beginning of the file. */
  number: number;
  /** Always BLOCK bytes: holes, and what is behind the end, are zeros. */
  block: Buffer;
}

/** The blocks of a file that are no holes, up to a size. Their memory is used again for the next one. */
async function* blocksOf({ data }: TarMember, size: number): AsyncGenerator<Block> {
  const block = Buffer.alloc(BLOCK);
  let number = -1;
  for await (const { offset, piece } of data()) {
    for (let done = 0; done < piece.length;) {
      const at = offset + done;
      if (at >= size) break;
      const of = Math.floor(at / BLOCK);
      if (of !== number) {
        if (number >= 0) yield { number, block };
        block.fill(0);
        number = of;
      }
      const bytes = Math.min(piece.length - done, (of + 1) * BLOCK - at, size - at);
      piece.copy(block, at - of * BLOCK, done, done + bytes);
      done += bytes;
    }
  }
  if (number >= 0) yield { number, block };
}

async function next(blocks: AsyncGenerator<Block>): Promise<Block | undefined> {
  const { value, done } = await blocks.next();
  return done === true ? undefined : value;
}
