import { imageCases, type ImageCase } from './image-case.ts';

const ENV: ImageCase = {
  name: 'the value comes from the process environment',
  files: { 'compose.yml': 'services:\n  web:\n    image: app:${TAG:-1}\n', '.env': 'TAG=5\n' },
  env: { TAG: '7' },
  set: 'web=app:2',
};

const PINNED = `# Written by docker rewind --override: these images win over those in the files before.
# base: compose.yml
services:
  web:
    image: app:2
`;

describe('image-source: what is refused, and the ways out', () => {
  imageCases([
    { ...ENV, refused: 'IMAGE_FROM_ENVIRONMENT', hint: /Unset TAG .*--pin or --override/ },
    { ...ENV, name: '… --pin', options: { pin: true }, edit: { 'compose.yml': ['app:${TAG:-1}', 'app:2'] } },
    {
      ...ENV,
      name: '… --override',
      options: { override: true },
      become: { 'compose.rewind.yml': PINNED },
      notes: /now the last file/,
    },
    {
      name: 'an empty variable in the process lets the default count',
      files: { 'compose.yml': 'services:\n  web:\n    image: app:${TAG:-1}\n', '.env': 'TAG=5\n' },
      env: { TAG: '' },
      set: 'web=app:2',
      edit: { 'compose.yml': [':-1', ':-2'] },
    },
    {
      name: 'a prefix from the process environment stays',
      files: { 'compose.yml': 'services:\n  web:\n    image: ${REG}/app:1\n' },
      env: { REG: 'r.io' },
      set: 'web=r.io/app:2',
      edit: { 'compose.yml': ['app:1', 'app:2'] },
    },
    {
      name: 'nothing sets the variable',
      files: { 'compose.yml': 'services:\n  web:\n    image: app:${TAG}\n' },
      set: 'web=app:2',
      refused: 'IMAGE_VARIABLE_UNSET',
      hint: /--write-env/,
    },
    {
      name: 'nothing sets the variable in the middle of a tag',
      files: { 'compose.yml': 'services:\n  web:\n    image: app:${TAG}-alpine\n' },
      set: 'web=app:2-alpine',
      refused: 'IMAGE_VARIABLE_UNSET',
      hint: /--write-env/,
    },
    {
      name: '… with --write-env',
      files: { 'compose.yml': 'services:\n  web:\n    image: app:${TAG}-alpine\n' },
      set: 'web=app:2-alpine',
      options: { writeEnv: true },
      become: { '.env': 'TAG=2\n' },
    },
    {
      name: '--override in a chain keeps all files',
      files: {
        'a.yml': 'services:\n  web:\n    image: app:0\n',
        'b.yml': 'services:\n  web:\n    image: app:1\n',
      },
      compose: { files: ['a.yml', 'b.yml'] },
      set: 'web=app:2',
      options: { override: true },
      become: { 'compose.rewind.yml': PINNED.replace('compose.yml', 'a.yml') },
    },
    {
      name: 'compose.rewind.yml is found again and edited where it wins',
      files: { 'compose.yml': 'services:\n  web:\n    image: app:0\n', 'compose.rewind.yml': PINNED },
      set: 'web=app:3',
      edit: { 'compose.rewind.yml': ['app:2', 'app:3'] },
    },
    {
      name: '… and gets further services',
      files: {
        'compose.yml': 'services:\n  web:\n    image: app:0\n  db:\n    image: db:1\n',
        'compose.rewind.yml': PINNED,
      },
      set: ['db=db:2', 'web=app:4'],
      options: { override: true },
      become: {
        'compose.rewind.yml': PINNED.replace('app:2', 'app:4').replace(
          '  web',
          '  db:\n    image: db:2\n  web',
        ),
      },
    },
    {
      name: 'compose.rewind.yml of another base file is left alone',
      files: { 'compose.test.yml': 'services:\n  web:\n    image: app:0\n', 'compose.rewind.yml': PINNED },
      compose: { files: ['compose.test.yml'] },
      set: 'web=app:3',
      edit: { 'compose.test.yml': ['app:0', 'app:3'] },
    },
    {
      name: '… and --override does not write over it',
      files: { 'compose.test.yml': 'services:\n  web:\n    image: app:0\n', 'compose.rewind.yml': PINNED },
      compose: { files: ['compose.test.yml'] },
      set: 'web=app:3',
      options: { override: true },
      refused: 'REWIND_FILE_IN_THE_WAY',
    },
  ]);
});
