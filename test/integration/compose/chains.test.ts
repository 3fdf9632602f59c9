import { imageCases } from './image-case.ts';

const BASE = 'services:\n  base:\n    image: app:1\n    tty: true\n';

describe('image-source: several files', () => {
  imageCases([
    {
      name: 'extends in the same file',
      files: {
        'compose.yml': 'services:\n  base:\n    image: app:1\n  web:\n    extends:\n      service: base\n',
      },
      set: 'web=app:2',
      edit: { 'compose.yml': ['app:1', 'app:2'] },
      effects: ['services.base.image: app:1 → app:2'],
    },
    {
      name: 'extends, short form, and --pin',
      files: { 'compose.yml': 'services:\n  base:\n    image: app:1\n  web:\n    extends: base\n' },
      set: 'web=app:2',
      options: { pin: true },
      edit: { 'compose.yml': ['    extends', '    image: app:2\n    extends'] },
    },
    {
      name: 'extends another file',
      files: {
        'compose.yml': 'services:\n  web:\n    extends: {file: common/base.yml, service: base}\n',
        'common/base.yml': BASE,
      },
      set: 'web=app:2',
      edit: { 'common/base.yml': ['app:1', 'app:2'] },
    },
    {
      name: 'a chain of extends through directories',
      files: {
        'compose.yml': 'services:\n  web:\n    extends: {file: a/a.yml, service: a}\n',
        'a/a.yml': 'services:\n  a:\n    extends: {file: ../b/b.yml, service: b}\n    tty: true\n',
        'b/b.yml': 'services:\n  b:\n    extends: c\n  c:\n    image: app:1\n',
      },
      set: 'web=app:2',
      edit: { 'b/b.yml': ['app:1', 'app:2'] },
    },
    {
      name: 'an image beside extends wins',
      files: {
        'compose.yml': 'services:\n  web:\n    extends: {file: base.yml, service: base}\n    image: own:1\n',
        'base.yml': BASE,
      },
      set: 'web=own:2',
      edit: { 'compose.yml': ['own:1', 'own:2'] },
    },
    {
      name: 'two services extend one: the effect is seen',
      files: {
        'compose.yml':
          'services:\n  web:\n    extends: {file: base.yml, service: base}\n  worker:\n    extends: {file: base.yml, service: base}\n',
        'base.yml': BASE,
      },
      set: 'web=app:2',
      edit: { 'base.yml': ['app:1', 'app:2'] },
      effects: ['services.worker.image: app:1 → app:2'],
    },
    {
      name: 'a variable in an extended file comes from the project .env',
      files: {
        'compose.yml': 'services:\n  web:\n    extends: {file: sub/base.yml, service: base}\n',
        'sub/base.yml': 'services:\n  base:\n    image: app:${TAG}\n',
        'sub/.env': 'TAG=9\n',
        '.env': 'TAG=1\n',
      },
      set: 'web=app:2',
      edit: { '.env': ['1', '2'] },
    },
    {
      name: 'include, short form',
      files: {
        'compose.yml': 'include: [sub/inner.yml]\nservices:\n  db:\n    image: db:1\n',
        'sub/inner.yml': 'services:\n  web:\n    image: app:1\n',
      },
      set: 'web=app:2',
      edit: { 'sub/inner.yml': ['app:1', 'app:2'] },
    },
    {
      name: 'include, long form with several files: the last wins',
      files: {
        'compose.yml': 'include:\n  - path: [sub/inner.yml, sub/over.yml]\n',
        'sub/inner.yml': 'services:\n  web:\n    image: app:0\n    tty: true\n',
        'sub/over.yml': 'services:\n  web:\n    image: app:1\n',
      },
      set: 'web=app:2',
      edit: { 'sub/over.yml': ['app:1', 'app:2'] },
    },
    {
      name: 'include with its own env_file',
      files: {
        'compose.yml': 'include:\n  - path: sub/inner.yml\n    env_file: conf/inner.env\n',
        'sub/inner.yml': 'services:\n  web:\n    image: app:${TAG}\n',
        'sub/.env': 'TAG=8\n',
        'conf/inner.env': 'TAG=1\n',
      },
      set: 'web=app:2',
      edit: { 'conf/inner.env': ['1', '2'] },
    },
    {
      name: 'include: .env of its own directory',
      files: {
        'compose.yml': 'include: [sub/inner.yml]\n',
        'sub/inner.yml': 'services:\n  web:\n    image: app:${TAG}\n',
        'sub/.env': 'TAG=1\n',
      },
      set: 'web=app:2',
      edit: { 'sub/.env': ['1', '2'] },
    },
    {
      name: 'include: .env of the project wins over it',
      files: {
        'compose.yml': 'include: [sub/inner.yml]\n',
        'sub/inner.yml': 'services:\n  web:\n    image: app:${TAG}\n',
        'sub/.env': 'TAG=7\n',
        '.env': 'TAG=1\n',
      },
      set: 'web=app:2',
      edit: { '.env': ['1', '2'] },
    },
    {
      name: 'include with project_directory',
      files: {
        'compose.yml': 'include:\n  - path: sub/inner.yml\n    project_directory: other\n',
        'sub/inner.yml': 'services:\n  web:\n    image: app:${TAG}\n    build: .\n',
        'other/.env': 'TAG=1\n',
      },
      set: 'web=app:2',
      edit: { 'other/.env': ['1', '2'] },
    },
    {
      name: 'include inside include, and extends in there',
      files: {
        'compose.yml': 'include: [a/a.yml]\n',
        'a/a.yml': 'include: [b/b.yml]\n',
        'a/b/b.yml': 'services:\n  web:\n    extends: {file: c.yml, service: c}\n',
        'a/b/c.yml': 'services:\n  c:\n    image: app:${TAG:-1}\n',
      },
      set: 'web=app:2',
      edit: { 'a/b/c.yml': ['-1', '-2'] },
    },
    {
      name: 'a path of include holds a variable',
      files: {
        'compose.yml': 'include: ["${WHERE:-sub}/inner.yml"]\n',
        'sub/inner.yml': 'services:\n  web:\n    image: app:1\n',
      },
      set: 'web=app:2',
      edit: { 'sub/inner.yml': ['app:1', 'app:2'] },
    },
    {
      name: '-f chain: the last file with an image wins',
      files: {
        'a.yml': 'services:\n  web:\n    image: app:0\n',
        'b.yml': 'services:\n  web:\n    image: app:1\n',
        'c.yml': 'services:\n  web:\n    tty: true\n',
      },
      compose: { files: ['a.yml', 'b.yml', 'c.yml'] },
      set: 'web=app:2',
      edit: { 'b.yml': ['app:1', 'app:2'] },
    },
    {
      name: 'compose.override.yml',
      files: {
        'compose.yml': 'services:\n  web:\n    image: app:0\n',
        'compose.override.yml': 'services:\n  web:\n    image: app:1\n',
      },
      set: 'web=app:2',
      edit: { 'compose.override.yml': ['app:1', 'app:2'] },
    },
    {
      name: 'compose.override.yml that says nothing of the image',
      files: {
        'compose.yml': 'services:\n  web:\n    image: app:1\n',
        'compose.override.yml': 'services:\n  web:\n    tty: true\n',
      },
      set: 'web=app:2',
      edit: { 'compose.yml': ['app:1', 'app:2'] },
    },
    {
      name: 'COMPOSE_FILE in the environment',
      files: {
        'x/a.yml': 'services:\n  web:\n    image: app:0\n',
        'b.yml': 'services:\n  web:\n    image: app:1\n',
      },
      env: { COMPOSE_FILE: 'x/a.yml:b.yml' },
      set: 'web=app:2',
      edit: { 'b.yml': ['app:1', 'app:2'] },
    },
    {
      name: 'COMPOSE_FILE in .env',
      files: { 'a.yml': 'services:\n  web:\n    image: app:${TAG}\n', '.env': 'COMPOSE_FILE=a.yml\nTAG=1\n' },
      set: 'web=app:2',
      edit: { '.env': ['TAG=1', 'TAG=2'] },
    },
    {
      name: 'called from a directory below',
      files: { 'compose.yml': 'services:\n  web:\n    image: app:${TAG}\n', '.env': 'TAG=1\n', 'src/x': '' },
      cwd: 'src',
      set: 'web=app:2',
      edit: { '.env': ['1', '2'] },
    },
    {
      name: '--project-directory: its .env counts',
      files: {
        'deploy/compose.yml': 'services:\n  web:\n    image: app:${TAG}\n',
        '.env': 'TAG=1\n',
        'deploy/.env': 'TAG=9\n',
      },
      compose: { files: ['deploy/compose.yml'], projectDirectory: '.' },
      set: 'web=app:2',
      edit: { '.env': ['1', '2'] },
    },
    {
      name: '!reset takes an image away; setting one puts it there',
      files: {
        'a.yml': 'services:\n  web:\n    build: .\n    image: app:1\n',
        'b.yml': 'services:\n  web:\n    image: !reset null # built here\n',
      },
      compose: { files: ['a.yml', 'b.yml'] },
      set: 'web=app:2',
      edit: { 'b.yml': ['!reset null', 'app:2'] },
    },
    {
      name: 'services behind inactive profiles are seen',
      files: {
        'compose.yml':
          'services:\n  web:\n    image: app:1\n  job:\n    image: job:1\n    profiles: [batch]\n',
      },
      set: 'job=job:2',
      edit: { 'compose.yml': ['job:1', 'job:2'] },
    },
    {
      name: 'an effect on a service behind an inactive profile is seen',
      files: {
        'compose.yml':
          'services:\n  web:\n    image: app:${T:-1}\n  job:\n    image: job:1\n    profiles: [batch]\n    hostname: ${T:-1}\n',
      },
      set: 'web=app:2',
      edit: { 'compose.yml': ['app:${T:-1}', 'app:${T:-2}'] },
    },
  ]);
});
