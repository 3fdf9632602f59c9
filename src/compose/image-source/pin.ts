import type { Scalar } from 'yaml';
import { addImage } from './add-image.ts';
import type { SourceEdit } from './edits.ts';
import type { Candidate, Findings } from './find.ts';
import { placeOf, type Obstacle, type Placement } from './place.ts';
import { quoteOf, scalarText } from './scalar-text.ts';
import type { ImageChange } from './types.ts';
import { yaml } from './yaml-source.ts';

/**
 * Writes the image as a literal into the service's own mapping. `winner` is the place that supplies the image now,
 * if it is known.
 */
export function pinImage(
  findings: Findings,
  winner: Candidate | undefined,
  change: ImageChange,
  directory: string,
): Placement | Obstacle {
  if (winner?.own) {
    const edits = replaceValue(winner, change);
    if (edits)
      return {
        edits,
        lines: [],
        notes: [`${change.service}: ${placeOf(winner, directory)}`],
        certain: false,
      };
  }
  for (const home of preferred(findings)) {
    const edit = addImage(home, change.image, change.service);
    const note = `${change.service}: an image is added in ${placeOf({ source: home.source, key: home.pair.key }, directory)}`;
    if (edit) return { edits: [edit], lines: [], notes: [note], certain: false };
  }
  return {
    code: 'IMAGE_CANNOT_BE_ADDED',
    message: `there is no place in the files where an image can be written for ${change.service} alone`,
    hint: 'Write it into compose.rewind.yml with --override',
  };
}

/** The last file that has the service counts; but an image belongs beside the `build` that makes it. */
function preferred(findings: Findings): Findings['homes'] {
  if (findings.candidates.length > 0) return findings.homes;
  const builds = (home: Findings['homes'][number]): boolean =>
    home.map !== undefined &&
    home.map === home.pair.value &&
    home.map.items.some((pair) => (pair.key as Scalar)?.value === 'build');
  return [...findings.homes.filter(builds), ...findings.homes.filter((home) => !builds(home))];
}

/** Replaces the whole value of a service's own `image:` key, whatever it is, by a literal. */
export function replaceValue(winner: Candidate, change: ImageChange): SourceEdit[] | undefined {
  const { source, found } = winner;
  const { file } = source;
  const node = found.pair.value;
  const [keyRange, range] = [found.pair.key.range, node?.range];
  if (!node || !keyRange || !range) return undefined;
  const quote = yaml().isScalar(node) ? quoteOf(file, node) : '';
  const literal = scalarText(change.image, quote);
  const between = file.text.slice(keyRange[1], range[0]);
  const block = yaml().isScalar(node) && (node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED');
  if (block) return undefined;
  const { anchor } = node as Scalar;
  if (anchor === undefined) {
    const gap = /[:\s]$/.test(between) && !between.endsWith(':') ? '' : ' ';
    return [
      {
        file,
        start: range[0],
        end: range[1],
        text: (range[0] === range[1] ? gap : '') + literal,
        service: change.service,
      },
    ];
  }
  // The anchor moves to the first alias, so that all others keep the value that they have.
  const mark = between.lastIndexOf(`&${anchor}`);
  if (mark === -1) return undefined;
  const alias = firstAlias(winner, anchor, range[0]);
  const start = keyRange[1] + mark;
  const edits: SourceEdit[] = [{ file, start, end: range[1], text: literal, service: change.service }];
  if (alias) {
    const raw = file.text.slice(range[0], range[1]);
    edits.push({
      file,
      start: alias.start,
      end: alias.end,
      text: `&${anchor} ${raw}`,
      service: change.service,
    });
  }
  return edits;
}

function firstAlias(
  winner: Candidate,
  anchor: string,
  after: number,
): { start: number; end: number } | undefined {
  let first: { start: number; end: number } | undefined;
  yaml().visit(winner.source.document, {
    Alias: (_, alias) => {
      if (!first && alias.source === anchor && alias.range && alias.range[0] > after) {
        first = { start: alias.range[0], end: alias.range[1] };
      }
    },
    Node: (_, node) => {
      // Another anchor of the same name ends the reach of this one.
      if (!first && 'anchor' in node && node.anchor === anchor && node.range && node.range[0] > after)
        return yaml().visit.BREAK;
      return undefined;
    },
  });
  return first;
}
