import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** One way in which Compose is called on the corpus. */
export interface CorpusEntry {
  dir: string;
  file: string;
  with: readonly string[];
  /** What the index says; undefined where there is no index. */
  resolves: boolean | undefined;
  /** Service → shape of its image, from the index. */
  shapes: ReadonlyMap<string, string>;
}

interface IndexLine {
  dir: string;
  file: string;
  with?: string[];
  resolves?: boolean;
  images?: { service: string; shape: string }[];
}

/** The entries of `index.jsonl`, or without one every YAML file with a `services` key. */
export function corpusEntries(directory: string): CorpusEntry[] {
  const index = join(directory, 'index.jsonl');
  if (!existsSync(index)) return composeFiles(directory);
  return readFileSync(index, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((text) => {
      const line = JSON.parse(text) as IndexLine;
      return {
        dir: line.dir,
        file: line.file,
        with: line.with ?? [],
        resolves: line.resolves,
        shapes: new Map((line.images ?? []).map((image) => [image.service, image.shape])),
      };
    });
}

function composeFiles(directory: string): CorpusEntry[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .filter((entry) =>
      /^["']?services["']?\s*:/m.test(readFileSync(join(entry.parentPath, entry.name), 'utf8')),
    )
    .map((entry) => ({
      dir: relative(directory, entry.parentPath),
      file: entry.name,
      with: [],
      resolves: undefined,
      shapes: new Map<string, string>(),
    }))
    .toSorted((a, b) => `${a.dir}/${a.file}`.localeCompare(`${b.dir}/${b.file}`));
}
