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
 * Refuses (DAMAGED, exit 4) a layer that would be extracted through a link, be it one of the layers below or its own that
 * leads to one. Tar sees to it that one archive does not write through links of its own that lead out of it, but those
 * that are there already it follows: out of the staging directory, into the present data. `parts`: it may hold nothing but
 * parts of files. Returns the names of the layer's directories.
 */
export async function refuseThroughLinks(
  archive: Readable,
  place: LayerPlace,
  { parts = false } = {},
): Promise<string[]> {
  const { helper, directory, point, signal } = place;
  const members: Members = { parents: new Set(), directories: new Set(), links: new Set() };
  const { report } = await helper.run(
    LIST_GNU,
    [directory],
    {
      input: archive,
      output: async (stream) => {
        const lines = new Lines();
        for await (const chunk of stream as AsyncIterable<Buffer>)
          for (const line of lines.with(chunk.toString('latin1'))) {
            if (parts && !line.startsWith('-'))
              throw damaged(point, 'it holds something else than parts of files');
            member(listed(line), point, members);
          }
      },
    },
    signal,
  );
  requireCodes(report, ['zstd', 'tar'], `reading a layer of ${point}`);
  const { parents, directories, links } = members;
  for (const parent of parents) if (links.has(parent)) throw throughLink(point);
  // A directory of the layer itself takes the place of a link.
  await refuseLinks(new Set([...parents].filter((parent) => !directories.has(parent))), place);
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
  for (const name of names) above(name, parents);
  await refuseLinks(parents, place);
}

/** What a layer's archive holds, by name. */
interface Members {
  /** The directories that its members are in. */
  parents: Set<string>;
  directories: Set<string>;
  /** Symbolic links, and other names of entries, which may be such links. */
  links: Set<string>;
}

function member({ name, type, target }: Listed, point: string, into: Members): void {
  const path = name.replace(/\/+$/, '');
  if (path !== '.' && !isSafePath(path)) throw damaged(point, 'it names something outside the volume');
  above(path, into.parents);
  if (type === 'h' && target !== undefined) {
    // A hard link through a link would make a present file one of the restored ones.
    if (!isSafePath(target)) throw damaged(point, 'it names something outside the volume');
    above(target, into.parents);
  }
  if (type === 'h' || type === 'l') into.links.add(path);
  if (name.endsWith('/')) into.directories.add(path);
}

function above(path: string, into: Set<string>): void {
  for (let end = path.lastIndexOf('/'); end > 1; end = path.lastIndexOf('/', end - 1)) {
    const parent = path.slice(0, end);
    if (into.has(parent)) return;
    into.add(parent);
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
  if (linked) throw throughLink(place.point);
}

/** A member of an archive. */
interface Listed {
  /** With a slash at the end for a directory. */
  name: string;
  /** tar's letter for it. */
  type: string;
  /** What a link leads to, or a hard link is to be one of. */
  target?: string;
}

const QUOTED = /"((?:[^"\\]|\\.)*)"/g;

/** Reads a line of tar's verbose list with names in the quoting style `c`. */
export function listed(line: string): Listed {
  const [name = '', target] = [...line.matchAll(QUOTED)].map((match) => unescaped(match[1] ?? ''));
  return { name, type: line[0] ?? '', ...(target === undefined ? {} : { target }) };
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

const throughLink = (point: string): RewindError => damaged(point, 'a layer of it leads through a link');

function damaged(point: string, why: string): RewindError {
  return new RewindError('DAMAGED', `an archive of the restore point ${point} is damaged: ${why}`, {
    exit: 'refused',
    hint: 'docker rewind list shows the others',
  });
}
