import { existsSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import type { Pair, Scalar } from 'yaml';
import { RewindError } from '../../errors.ts';
import { REWIND_FILE, REWIND_FILE_BASE } from '../files.ts';
import type { ComposeOptions } from '../options.ts';
import type { Project } from '../project.ts';
import { createdFile, type SourceEdit } from './edits.ts';
import { replaceValue } from './pin.ts';
import { scalarText } from './scalar-text.ts';
import { lineEnding, type SourceFiles } from './source-files.ts';
import type { FileEdit, ImageChange } from './types.ts';
import { asMap, findKey, parseDocuments, type SourceDocument } from './yaml-source.ts';

export interface Override {
  edits: SourceEdit[];
  created: FileEdit[];
  notes: string[];
  options: ComposeOptions;
}

/** The edits that pin the images in `compose.rewind.yml`, and the options with which Compose reads it last. */
export function overrideImages(
  project: Project,
  changes: readonly ImageChange[],
  sources: SourceFiles,
): Override {
  const path = join(project.directory, REWIND_FILE);
  const inChain = project.files.includes(path);
  if (!inChain && existsSync(path)) {
    throw new RewindError(
      'REWIND_FILE_IN_THE_WAY',
      `${path} belongs to another base file; nothing was changed`,
      {
        exit: 'refused',
        hint: `Look at its line "# ${REWIND_FILE_BASE}:", or add the file to the chain with -f ${REWIND_FILE}`,
      },
    );
  }
  const options = inChain ? project.options : { ...project.options, files: [...project.files, path] };
  const notes = [
    ...changes.map((change) => `${change.service}: ${REWIND_FILE}`),
    inChain
      ? `${REWIND_FILE} is the last file of the chain`
      : `${REWIND_FILE} is now the last file of the chain; docker rewind finds it by itself, docker compose needs -f ${REWIND_FILE} (or COMPOSE_FILE)`,
  ];
  const file = inChain ? sources.read(path) : undefined;
  if (!file) return { edits: [], created: [createdFile(path, newFile(project, changes))], notes, options };
  const source = parseDocuments(file).at(-1);
  return { edits: changes.flatMap((change) => inFile(source, change, path)), created: [], notes, options };
}

function newFile(project: Project, changes: readonly ImageChange[]): string {
  const first = project.files[0] as string;
  const base = first === '-' ? '-' : relative(project.directory, first) || basename(first);
  return [
    `# Written by docker rewind --override: these images win over those in the files before.`,
    `# ${REWIND_FILE_BASE}: ${base}`,
    'services:',
    ...changes.flatMap((change) => [
      `  ${key(change.service)}:`,
      `    image: ${scalarText(change.image, '')}`,
    ]),
    '',
  ].join('\n');
}

/** A service may be called `1` or `on`. */
function key(service: string): string {
  return scalarText(service, '');
}

function inFile(source: SourceDocument | undefined, change: ImageChange, path: string): SourceEdit[] {
  const root = source && asMap(source, source.document.contents);
  const services = root && findKey(source, root, 'services')[0];
  const map = source && asMap(source, services?.pair.value);
  if (!source || !services || !map) throw odd(path);
  const { file } = source;
  const known = findKey(source, map, change.service)[0];
  const service = known && asMap(source, known.pair.value);
  const image = service && findKey(source, service, 'image')[0];
  if (image) {
    const scope = { lookup: () => undefined, newLines: undefined };
    const edits = replaceValue({ source, scope, found: image, own: true, anchored: false }, change);
    if (edits) return edits;
    throw odd(path);
  }
  const beside = ((service ?? map).items as Pair<Scalar, unknown>[])[0]?.key.range;
  if (!beside || map.flow || service?.flow || (known && !service)) throw odd(path);
  const at = beside[0];
  const column = at - (file.text.lastIndexOf('\n', at - 1) + 1);
  const eol = lineEnding(file, at);
  const step = ' '.repeat(column);
  const line = `image: ${scalarText(change.image, '')}${eol}${step}`;
  const text = service ? line : `${key(change.service)}:${eol}${step}${step}${line}`;
  return [{ file, start: at, end: at, text, service: change.service }];
}

function odd(path: string): RewindError {
  return new RewindError(
    'REWIND_FILE_UNREADABLE',
    `${path} has a form that cannot be edited; nothing was changed`,
    {
      exit: 'refused',
      hint: 'Write it as services: / NAME: / image: on three lines, or remove it',
    },
  );
}
