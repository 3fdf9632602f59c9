import { imageCases, type ImageCase } from './image-case.ts';

/** `web`'s image, an env file, and the edits that are expected. */
function from(
  name: string,
  image: string,
  env: string | undefined,
  set: string,
  edit: Record<string, readonly [string, string]>,
  more: Partial<ImageCase> = {},
): ImageCase {
  return {
    name,
    files: {
      'compose.yml': `services:\n  web:\n    image: ${image}\n`,
      ...(env === undefined ? {} : { '.env': env }),
    },
    set: `web=${set}`,
    edit,
    ...more,
  };
}

const yml = (before: string, after: string): Record<string, readonly [string, string]> => ({
  'compose.yml': [before, after],
});
const dotenv = (before: string, after: string): Record<string, readonly [string, string]> => ({
  '.env': [before, after],
});

describe('image-source: variables', () => {
  imageCases([
    from('${TAG} from .env', 'x:${TAG}', 'A=1\nTAG=1\nB=1\n', 'x:2', dotenv('TAG=1', 'TAG=2'), {
      notes: /TAG in \.env:2/,
    }),
    from('$TAG without braces', 'x:$TAG', 'TAG=1\n', 'x:2', dotenv('1', '2')),
    from('${TAG:-1} unset: the default', 'x:${TAG:-1}', undefined, 'x:2', yml(':-1', ':-2')),
    from('${TAG:-1} set empty: the default', 'x:${TAG:-1}', 'TAG=\n', 'x:2', yml(':-1', ':-2')),
    from('${TAG:-1} set: .env', 'x:${TAG:-1}', 'TAG=7\n', 'x:2', dotenv('7', '2')),
    from('${TAG-1} unset: the default', 'x:${TAG-1}', undefined, 'x:2', yml('G-1', 'G-2')),
    from('${TAG-1} set', 'x:${TAG-1}', 'TAG=7', 'x:2', dotenv('7', '2')),
    from('${TAG:?err}', 'x:${TAG:?is needed}', 'TAG=1\n', 'x:2', dotenv('1', '2')),
    from('${TAG?err}', '"x:${TAG?is needed}"', 'TAG=1\n', 'x:2', dotenv('1', '2')),
    from('${TAG:+alt}: the alternative', 'x:${TAG:+alt}', 'TAG=1\n', 'x:2', yml('alt', '2')),
    from('${TAG+alt}: the alternative', 'x:${TAG+alt}', 'TAG=\n', 'x:2', yml('+alt', '+2')),
    from('${V:+} that is not in effect', 'x:1${V:+-debug}', undefined, 'x:2', yml(':1', ':2')),
    from('nested defaults: the innermost', 'x:${A:-${B:-1}}', undefined, 'x:2', yml('-1', '-2')),
    from('nested defaults: the inner variable is set', 'x:${A:-${B:-1}}', 'B=5\n', 'x:2', dotenv('5', '2')),
    from('nested defaults with text around', 'x:${A:-v${B:-1}-z}', undefined, 'x:v2-z', yml('-1}', '-2}')),
    from('${IMG} whole', '${IMG}', 'IMG=r.io:5000/x:1\n', 'r.io:5000/x:2', dotenv('x:1', 'x:2')),
    from('${IMG} whole, without a tag', '${IMG}', 'IMG=x\n', 'x:2', dotenv('IMG=x', 'IMG=x:2')),
    from('${IMG:-x:1}', '${IMG:-x:1}', undefined, 'x:2', yml('x:1', 'x:2')),
    from('${IMG:-x}', '${IMG:-x}', undefined, 'x:2', yml('-x', '-x:2')),
    from('${REPO:-r}:${TAG:-1}, tag', '${REPO:-r}:${TAG:-1}', undefined, 'r:2', yml('-1', '-2')),
    from(
      '${REPO:-r}:${TAG:-1}, repository',
      '${REPO:-r}:${TAG:-1}',
      undefined,
      'host:5000/s:1',
      yml('-r', '-host:5000/s'),
    ),
    from(
      '${REPO:-r}:${TAG:-1}, both',
      '${REPO:-r}:${TAG:-1}',
      undefined,
      's:2',
      {},
      {
        become: { 'compose.yml': 'services:\n  web:\n    image: ${REPO:-s}:${TAG:-2}\n' },
      },
    ),
    from('$REG:$TAG', '$REG:$TAG', 'REG=r\nTAG=1\n', 'r:2', dotenv('TAG=1', 'TAG=2')),
    from('${R}-node:${T}', '${R}-node:${T}', 'R=a\nT=1\n', 'a-node:2', dotenv('T=1', 'T=2')),
    from('${R}-node:${T}, the repository', '${R}-node:${T}', 'R=a\nT=1\n', 'b-node:1', dotenv('R=a', 'R=b')),
    from(
      'literal parts around a default',
      'docker:${V:-29}-dind',
      undefined,
      'docker:30-dind',
      yml('29', '30'),
    ),
    from(
      'literal parts around a default, which go',
      'docker:${V:-29}-dind',
      undefined,
      'docker:30',
      yml('29}-dind', '30}'),
    ),
    from('an unset prefix stays', '${REG}app:1', undefined, 'app:2', yml(':1', ':2')),
    from(
      'the digest goes into the variable',
      'x:${TAG}',
      'TAG=1\n',
      `x:2@sha256:${'c'.repeat(64)}`,
      dotenv('1', `2@sha256:${'c'.repeat(64)}`),
    ),
    from(
      'a literal digest behind a variable is dropped',
      `x:\${TAG}@sha256:${'c'.repeat(64)}`,
      'TAG=1\n',
      'x:2',
      {
        ...dotenv('1', '2'),
        ...yml(`@sha256:${'c'.repeat(64)}`, ''),
      },
    ),
    from('inside double quotes', '"x:${TAG:-\\x31}"', undefined, 'x:2', yml('\\x31', '2')),
    from('inside a block scalar', '>-\n      x:${TAG:-1}', undefined, 'x:2', yml('-1', '-2')),
    from('a variable in lower case', 'x:${tag:-1}', 'tag=4\n', 'x:2', dotenv('4', '2')),
    from(
      '$$ elsewhere in the file',
      'x:${TAG:-1}\n    command: echo $$HOME',
      undefined,
      'x:2',
      yml(':-1', ':-2'),
    ),
    from(
      '--write-env adds a line',
      'x:${TAG:-1}',
      'A=1\n',
      'x:2',
      {},
      { options: { writeEnv: true }, become: { '.env': 'A=1\nTAG=2\n' } },
    ),
    from(
      '--write-env, no newline at the end',
      'x:${TAG}',
      'A=1',
      'x:2',
      {},
      { options: { writeEnv: true }, become: { '.env': 'A=1\nTAG=2\n' } },
    ),
    from(
      '--write-env, CRLF',
      'x:${TAG}',
      'A=1\r\n',
      'x:2',
      {},
      { options: { writeEnv: true }, become: { '.env': 'A=1\r\nTAG=2\r\n' } },
    ),
    from(
      '--write-env, no .env',
      'x:${TAG}',
      undefined,
      'x:2',
      {},
      { options: { writeEnv: true }, become: { '.env': 'TAG=2\n' } },
    ),
    from('--write-env leaves a line that is there', 'x:${TAG:-1}', 'TAG=3\n', 'x:2', dotenv('3', '2'), {
      options: { writeEnv: true },
    }),
    from('--pin turns the variable into a literal', 'x:${TAG}', 'TAG=1\n', 'x:2', yml('x:${TAG}', 'x:2'), {
      options: { pin: true },
    }),
    from('--pin keeps the quotes', "'x:${TAG}' # c", 'TAG=1\n', 'x:2', yml('x:${TAG}', 'x:2'), {
      options: { pin: true },
    }),
  ]);
});

describe('image-source: env files', () => {
  const x = 'x:${TAG}';
  imageCases([
    from('double quotes', x, 'TAG="1"\n', 'x:2', dotenv('1', '2')),
    from('single quotes', x, "TAG='1'\n", 'x:2', dotenv('1', '2')),
    from('export', x, 'export TAG=1\n', 'x:2', dotenv('1', '2')),
    from('spaces around the sign', x, 'TAG = 1\n', 'x:2', dotenv('1', '2')),
    from('colon', x, 'TAG: 1\n', 'x:2', dotenv('1', '2')),
    from('comment behind', x, '# TAG=0\nTAG=1 # the tag\nB=2\n', 'x:3', dotenv('1', '3')),
    from('comment behind quotes', x, 'TAG="1" # the "tag"\n', 'x:2', dotenv('1', '2')),
    from('a number sign without a space is value', x, 'TAG=1.x\nB=a#b\n', 'x:2', dotenv('1.x', '2')),
    from('the last of two lines wins', x, 'TAG=0\nTAG=1\n', 'x:2', dotenv('TAG=1', 'TAG=2')),
    from('CRLF', x, 'A=1\r\nTAG=7\r\n', 'x:2', dotenv('7', '2')),
    from('byte order mark', x, '\uFEFFTAG=1\n', 'x:2', dotenv('1', '2')),
    from('no newline at the end', x, 'TAG=1', 'x:2', dotenv('1', '2')),
    from(
      'a quoted value over several lines before',
      x,
      'KEY="a\nTAG=9\n"\nTAG=1\n',
      'x:2',
      dotenv('TAG=1', 'TAG=2'),
    ),
    from('a value that names another variable', x, 'VERSION=1\nTAG=${VERSION}\n', 'x:2', dotenv('=1', '=2')),
    from(
      'a value with text and another variable',
      x,
      'VERSION=1\nTAG=v${VERSION}-alpine\n',
      'x:v2-alpine',
      dotenv('=1', '=2'),
    ),
    from('a value with a default', x, 'TAG=${VERSION:-1}\n', 'x:2', dotenv(':-1', ':-2')),
    {
      name: '--env-file instead of .env',
      files: {
        'compose.yml': 'services:\n  web:\n    image: x:${TAG}\n',
        '.env': 'TAG=0\n',
        'env/prod': 'TAG=1\n',
      },
      compose: { envFiles: ['env/prod'] },
      set: 'web=x:2',
      edit: { 'env/prod': ['1', '2'] },
    },
    {
      name: 'the last --env-file wins',
      files: { 'compose.yml': 'services:\n  web:\n    image: x:${TAG}\n', a: 'TAG=7\n', b: 'TAG=1\n' },
      compose: { envFiles: ['a', 'b'] },
      set: 'web=x:2',
      edit: { b: ['1', '2'] },
    },
    {
      name: 'the last --env-file does not set it',
      files: { 'compose.yml': 'services:\n  web:\n    image: x:${TAG}\n', a: 'TAG=7\n', b: 'OTHER=1\n' },
      compose: { envFiles: ['a', 'b'] },
      set: 'web=x:2',
      edit: { a: ['7', '2'] },
    },
    {
      name: 'COMPOSE_ENV_FILES',
      files: { 'compose.yml': 'services:\n  web:\n    image: x:${TAG}\n', '.env': 'TAG=0\n', a: 'TAG=7\n' },
      env: { COMPOSE_ENV_FILES: 'a' },
      set: 'web=x:2',
      edit: { a: ['7', '2'] },
    },
    {
      name: '.env beside the first -f file, not in the current directory',
      files: {
        'sub/compose.yml': 'services:\n  web:\n    image: x:${TAG}\n',
        'sub/.env': 'TAG=1\n',
        '.env': 'TAG=0\n',
      },
      compose: { files: ['sub/compose.yml'] },
      set: 'web=x:2',
      edit: { 'sub/.env': ['1', '2'] },
    },
    {
      name: 'non-ASCII in .env stays as it is',
      files: {
        'compose.yml': 'services:\n  web:\n    image: x:${TAG}\n',
        '.env': 'NAME=größe 日本\nTAG=1 # 🚢\n',
      },
      set: 'web=x:2',
      edit: { '.env': ['TAG=1', 'TAG=2'] },
    },
  ]);
});
