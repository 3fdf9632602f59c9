import { END_OF_TAR, padding, tarHeader } from '../../tar-header.ts';

/** A file in a tar archive. */
export interface ArchivedFile {
  /** ASCII, 99 bytes at most. */
  name: string;
  bytes: number;
  uid: number;
  gid: number;
}

/** A tar archive of one file, which only its owner may read. Keeps no chunk; throws where `content` is not `bytes` long. */
export async function* singleFileArchive(
  file: ArchivedFile,
  content: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  yield tarHeader({ type: '0', ...file });
  let bytes = 0;
  for await (const chunk of content) {
    onBytes((bytes += chunk.length));
    yield chunk;
  }
  if (bytes !== file.bytes) throw new Error(`${file.name}: ${bytes} bytes instead of ${file.bytes}`);
  // Zeros all of it.
  yield Buffer.alloc(padding(bytes) + END_OF_TAR.length);
}
