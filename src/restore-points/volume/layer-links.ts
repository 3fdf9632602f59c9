import { Readable } from 'node:stream';
import { RewindError } from '../../errors.ts';
import { Lines } from '../../lines.ts';
import type { Helper } from './helper.ts';
import { requireCodes } from './script.ts';
import { isSafePath } from './index-records.ts';
import { nameList } from './index-source.ts';
import { LINKS, LIST_GNU, STRIP } from './scripts.ts';

/** Where a layer goes, and which point it is of. */
export interface LayerPlace {
  helper: Helper;
  /** In the helper. */
  directory: string;
  point: string;
  signal: AbortSignal;
}

/**
 * Refuses (DAMAGED, exit 4) a layer that would be extracted through a link of the layers below it. Tar sees to it that
 * one archive does not write through links of its own, but those that are there already it follows: out of the
 * staging directory, into the present data. Returns the names of the layer's directories.
 */
export async function refuseThroughLinks(archive: Readable, place: LayerPlace): Promise<string[]> {
  const { helper, directory, point, signal } = place;
  const parents = new Set<string>();
  const directories = new Set<string>();
  const { report } = await helper.run(
    LIST_GNU,
    [directory],
    {
      input: archive,
      output: async (stream) => {
        const lines = new Lines();
        for await (const chunk of stream as AsyncIterable<Buffer>)
          for (const line of lines.with(chunk.toString('latin1')))
            member(listed(line), point, parents, directories);
      },
    },
    signal,
  );
  requireCodes(report, ['zstd', 'tar'], `reading a layer of ${point}`);
  await refuseLinks(parents, place);
  return [...directories];
}

/**
 * Takes the extended attributes off directories that a layer brings again: tar gives it new ones, and leaves those that
 * it does not have in the layer.
 */
export async function stripAttributes(directories: readonly string[], place: LayerPlace): Promise<void> {
  if (directories.length === 0) return;
  const { report } = await place.helper.run(
    STRIP,
    [place.directory],
    { input: Readable.from([nameList(directories)]) },
    place.signal,
  );
  requireCodes(report, ['strip'], `reading a layer of ${place.point}`);
}

/** Refuses names to be removed of which a directory on the way is a link. */
export async function refuseLinkedNames(names: readonly string[], place: LayerPlace): Promise<void> {
  const parents = new Set<string>();
  for (const name of names) above(name, parents, new Set());
  await refuseLinks(parents, place);
}

function member(
  { name, target }: Listed,
  point: string,
  parents: Set<string>,
  directories: Set<string>,
): void {
  const path = name.replace(/\/+$/, '');
  if (path !== '.' && !isSafePath(path)) throw damaged(point, 'it names something outside the volume');
  above(path, parents, directories);
  if (target !== undefined) {
    // A hard link through a link would make a present file one of the restored ones.
    if (!isSafePath(target)) throw damaged(point, 'it names something outside the volume');
    above(target, parents, directories);
  }
  // A directory of the layer itself takes the place of a link.
  if (name.endsWith('/')) directories.add(path);
}

function above(path: string, into: Set<string>, except: ReadonlySet<string>): void {
  for (let end = path.lastIndexOf('/'); end > 1; end = path.lastIndexOf('/', end - 1)) {
    const parent = path.slice(0, end);
    if (!except.has(parent)) into.add(parent);
  }
}

async function refuseLinks(parents: ReadonlySet<string>, place: LayerPlace): Promise<void> {
  if (parents.size === 0) return;
  let linked = false;
  const { report } = await place.helper.run(
    LINKS,
    [place.directory],
    {
      input: Readable.from([nameList([...parents])]),
      output: async (stream) => {
        for await (const _ of stream) linked = true;
      },
    },
    place.signal,
  );
  requireCodes(report, ['links'], `reading a layer of ${place.point}`);
  if (linked) throw damaged(place.point, 'a layer of it leads through a link');
}

/** A member of an archive: its name, with a slash at the end for a directory, and what a hard link is to be one of. */
interface Listed {
  name: string;
  target?: string;
}

const QUOTED = /"((?:[^"\\]|\\.)*)"/g;

/** Reads a line of tar's verbose list with names in the quoting style `c`. */
export function listed(line: string): Listed {
  const [name = '', target] = [...line.matchAll(QUOTED)].map((match) => unescaped(match[1] ?? ''));
  return { name, ...(line.startsWith('h') && target !== undefined ? { target } : {}) };
}

/** What stands between the quotes, back into its bytes (Latin-1). */
function unescaped(line: string): string {
  return line.replaceAll(/\\(?:([0-7]{3})|(.))/g, (_, octal: string | undefined, letter: string) =>
    octal === undefined ? (LETTERS[letter] ?? letter) : String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

const LETTERS: Readonly<Record<string, string>> = {
  a: '\u0007', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v',
}; // prettier-ignore

function damaged(point: string, why: string): RewindError {
  return new RewindError('DAMAGED', `an archive of the restore point ${point} is damaged: ${why}`, {
    exit: 'refused',
    hint: 'docker rewind list shows the others',
  });
}
