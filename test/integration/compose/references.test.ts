import { imageCases, type ImageCase } from './image-case.ts';

const A = `sha256:${'a'.repeat(64)}`;
const B = `sha256:${'b'.repeat(64)}`;

function change(
  name: string,
  before: string,
  after: string,
  edit: readonly [string, string],
  notes?: RegExp,
): ImageCase {
  return {
    name,
    files: { 'compose.yml': `services:\n  web:\n    image: ${before}\n` },
    set: `web=${after}`,
    edit: { 'compose.yml': edit },
    ...(notes ? { notes } : {}),
  };
}

describe('image-source: forms of a reference', () => {
  imageCases([
    change('registry with a port', 'localhost:5000/x:1', 'localhost:5000/x:2', ['x:1', 'x:2']),
    change('registry with a port, no tag', 'localhost:5000/x', 'localhost:5000/x:2', ['/x', '/x:2']),
    change('registry port changes', 'localhost:5000/x:1', 'localhost:5001/x:1', ['5000', '5001']),
    change(
      'tag and digest move together',
      `x:1@${A}`,
      `x:2@${B}`,
      [`1@${A}`, `2@${B}`],
      /tag and digest moved together/,
    ),
    change('the digest is dropped', `x:1@${A}`, 'x:2', [`1@${A}`, '2'], /digest dropped/),
    change('a digest alone becomes a tag', `x@${A}`, 'x:2', [`@${A}`, ':2'], /digest dropped/),
    change('a digest alone becomes another', `x@${A}`, `x@${B}`, ['a'.repeat(64), 'b'.repeat(64)]),
    change('a tag gets a digest', 'x:1', `x:1@${A}`, ['x:1', `x:1@${A}`]),
    change('no tag gets one', 'x', 'x:2', ['image: x', 'image: x:2']),
    change('latest', 'x:latest', 'x:2', ['latest', '2']),
    change('the tag is taken away', 'x:2', 'x', ['x:2', 'x']),
    change('another repository', 'library/x:1', 'team/y:1', ['library/x', 'team/y']),
    change('a longer tag', 'x:1', 'x:1.0.0-rc.1', ['x:1', 'x:1.0.0-rc.1']),
    {
      name: 'an image that is already there needs no edit',
      files: { 'compose.yml': 'services:\n  web:\n    image: x:1\n' },
      set: 'web=x:1',
    },
  ]);
});
