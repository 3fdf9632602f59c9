import fc from 'fast-check';

/** One service whose image stands somewhere, in some form, and the image that it shall get. */
export interface GeneratedCase {
  /** How the value is put together. */
  value:
    | 'literal'
    | 'env'
    | 'default'
    | 'set-default'
    | 'whole'
    | 'whole-default'
    | 'nested'
    | 'two'
    | 'alternative';
  /** Where it stands. */
  place:
    | 'own'
    | 'alias'
    | 'merge'
    | 'merge-list'
    | 'below-merge'
    | 'extends'
    | 'extends-file'
    | 'include'
    | 'override';
  style: 'plain' | 'single' | 'double' | 'escaped' | 'folded' | 'literal' | 'str';
  key: 'image' | '"image"' | "'image'" | '? image';
  flow: boolean;
  operator: ':-' | '-';
  env: 'plain' | 'double' | 'single' | 'export' | 'spaces' | 'colon' | 'comment' | 'twice' | 'indirect';
  name: string;
  tag: string | undefined;
  digest: string | undefined;
  newName: string | undefined;
  newTag: string;
  newDigest: string | undefined;
  comment: boolean;
  /** Another service shares the place. */
  sibling: boolean;
  /** Without it the service shall stay as it is. */
  change: boolean;
}

export interface GeneratedProject {
  cases: GeneratedCase[];
  indent: number;
  crlf: boolean;
  bom: boolean;
  finalNewline: boolean;
}

const tag = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_.-]{0,12}$/).filter((text) => !text.endsWith('-'));
const digest = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`);
const name = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9]{0,9}$/),
  fc.stringMatching(/^[a-z][a-z0-9]{0,5}\/[a-z][a-z0-9]{0,5}$/),
  fc.stringMatching(/^[a-z]{2,6}\.io:5[0-9]{3}\/[a-z]{1,5}\/[a-z]{1,5}$/),
  fc.constant('localhost:5000/x'),
);

export const generatedCase: fc.Arbitrary<GeneratedCase> = fc.record({
  value: fc.constantFrom(
    'literal',
    'literal',
    'env',
    'default',
    'set-default',
    'whole',
    'whole-default',
    'nested',
    'two',
    'alternative',
  ),
  place: fc.constantFrom(
    'own',
    'own',
    'alias',
    'merge',
    'merge-list',
    'below-merge',
    'extends',
    'extends-file',
    'include',
    'override',
  ),
  style: fc.constantFrom('plain', 'plain', 'single', 'double', 'escaped', 'folded', 'literal', 'str'),
  key: fc.constantFrom('image', 'image', '"image"', "'image'", '? image'),
  flow: fc.boolean(),
  operator: fc.constantFrom(':-', '-'),
  env: fc.constantFrom(
    'plain',
    'double',
    'single',
    'export',
    'spaces',
    'colon',
    'comment',
    'twice',
    'indirect',
  ),
  name,
  tag: fc.option(tag, { nil: undefined, freq: 5 }),
  digest: fc.option(digest, { nil: undefined, freq: 1 }),
  newName: fc.option(name, { nil: undefined, freq: 1 }),
  newTag: tag,
  newDigest: fc.option(digest, { nil: undefined, freq: 1 }),
  comment: fc.boolean(),
  sibling: fc.boolean(),
  change: fc.integer({ min: 0, max: 9 }).map((roll) => roll > 0),
}) as fc.Arbitrary<GeneratedCase>;

export function generatedProject(cases: number): fc.Arbitrary<GeneratedProject> {
  return fc.record({
    cases: fc
      .array(generatedCase, { minLength: 1, maxLength: cases, size: 'max' })
      .filter((list) => list.length > 0),
    indent: fc.integer({ min: 1, max: 6 }),
    crlf: fc.boolean(),
    bom: fc.boolean(),
    finalNewline: fc.boolean(),
  });
}

export function reference(image: string, tagged: string | undefined, digested: string | undefined): string {
  return `${image}${tagged === undefined ? '' : `:${tagged}`}${digested === undefined ? '' : `@${digested}`}`;
}

/** The image as it is; variables inside it need a tag. */
export function imageBefore(item: GeneratedCase): string {
  const tagged = needsTag(item) ? (item.tag ?? 'v0') : item.tag;
  return reference(item.name, tagged, wholeReference(item) ? item.digest : undefined);
}

export function imageAfter(item: GeneratedCase): string {
  const own = wholeReference(item) || item.value === 'two';
  return reference(own ? (item.newName ?? item.name) : item.name, item.newTag, item.newDigest);
}

function needsTag(item: GeneratedCase): boolean {
  return !wholeReference(item);
}

function wholeReference(item: GeneratedCase): boolean {
  return item.value === 'literal' || item.value === 'whole' || item.value === 'whole-default';
}
