import { imageCases } from './image-case.ts';

const ANCHORED = `x-app: &app
  image: app:1
  restart: always
services:
  web:
    <<: *app
    ports: ["80"]
  worker:
    <<: *app
  other:
    image: other:1
`;

describe('image-source: what services share', () => {
  imageCases([
    {
      name: 'an anchored scalar moves both services',
      files: { 'compose.yml': 'services:\n  web:\n    image: &img app:1\n  worker:\n    image: *img\n' },
      set: 'web=app:2',
      edit: { 'compose.yml': ['app:1', 'app:2'] },
      effects: ['services.worker.image: app:1 → app:2'],
    },
    {
      name: 'the same from the alias',
      files: { 'compose.yml': 'services:\n  web:\n    image: &img app:1\n  worker:\n    image: *img\n' },
      set: 'worker=app:2',
      edit: { 'compose.yml': ['app:1', 'app:2'] },
      effects: ['services.web.image: app:1 → app:2'],
    },
    {
      name: 'both are wanted: no effect is left',
      files: { 'compose.yml': 'services:\n  web:\n    image: &img app:1\n  worker:\n    image: *img\n' },
      set: ['web=app:2', 'worker=app:2'],
      edit: { 'compose.yml': ['app:1', 'app:2'] },
    },
    {
      name: '--pin moves the anchor to the next alias',
      files: {
        'compose.yml':
          'services:\n  web:\n    image: &img "app:1" # c\n  worker:\n    image: *img\n  third: {image: *img}\n',
      },
      set: 'web=app:2',
      options: { pin: true },
      become: {
        'compose.yml':
          'services:\n  web:\n    image: "app:2" # c\n  worker:\n    image: &img "app:1"\n  third: {image: *img}\n',
      },
    },
    {
      name: '--pin writes over an alias',
      files: { 'compose.yml': 'services:\n  web:\n    image: &img app:1\n  worker:\n    image: *img\n' },
      set: 'worker=app:2',
      options: { pin: true },
      edit: { 'compose.yml': ['*img', 'app:2'] },
    },
    {
      name: 'an anchor that is defined again: the one before counts',
      files: {
        'compose.yml':
          'services:\n  a:\n    image: &i app:1\n  b:\n    image: *i\n  c:\n    image: &i app:7\n  d:\n    image: *i\n',
      },
      set: 'd=app:8',
      edit: { 'compose.yml': ['app:7', 'app:8'] },
      effects: ['services.c.image: app:7 → app:8'],
    },
    {
      name: '<<: *x',
      files: { 'compose.yml': ANCHORED },
      set: 'web=app:2',
      edit: { 'compose.yml': ['app:1', 'app:2'] },
      effects: ['services.worker.image: app:1 → app:2'],
    },
    {
      name: '<<: *x with --pin',
      files: { 'compose.yml': ANCHORED },
      set: 'worker=app:2',
      options: { pin: true },
      edit: { 'compose.yml': ['  worker:\n', '  worker:\n    image: app:2\n'] },
    },
    {
      name: '<<: [*x, *y]: the first that has an image wins',
      files: {
        'compose.yml':
          'x-a: &a\n  tty: true\nx-b: &b\n  image: b:1\nx-c: &c\n  image: c:1\nservices:\n  web:\n    <<: [*a, *b, *c]\n',
      },
      set: 'web=b:2',
      edit: { 'compose.yml': ['b:1', 'b:2'] },
    },
    {
      name: 'merges inside merges',
      files: {
        'compose.yml':
          'x-a: &a\n  image: a:1\nx-b: &b\n  <<: *a\n  tty: true\nservices:\n  web:\n    <<: *b\n',
      },
      set: 'web=a:2',
      edit: { 'compose.yml': ['a:1', 'a:2'] },
    },
    {
      name: 'a literal after the merge wins',
      files: { 'compose.yml': 'x-a: &a\n  image: a:1\nservices:\n  web:\n    <<: *a\n    image: app:1\n' },
      set: 'web=app:2',
      edit: { 'compose.yml': ['app:1', 'app:2'] },
    },
    {
      name: 'a literal before the merge wins as well',
      files: { 'compose.yml': 'x-a: &a\n  image: a:1\nservices:\n  web:\n    image: app:1\n    <<: *a\n' },
      set: 'web=app:2',
      edit: { 'compose.yml': ['app:1', 'app:2'] },
    },
    {
      name: 'a whole service is an alias',
      files: { 'compose.yml': 'services:\n  web: &web\n    image: app:1\n  worker: *web\n' },
      set: 'worker=app:2',
      edit: { 'compose.yml': ['app:1', 'app:2'] },
      effects: ['services.web.image: app:1 → app:2'],
    },
    {
      name: 'a whole service is an alias, --pin',
      files: { 'compose.yml': 'services:\n  web: &web\n    image: app:1\n  worker: *web # same\n' },
      set: 'worker=app:2',
      options: { pin: true },
      edit: { 'compose.yml': [' *web # same', '\n    <<: *web\n    image: app:2 # same'] },
    },
    {
      name: 'a whole service is an alias in flow style, --pin',
      files: { 'compose.yml': 'services: {web: &web {image: "app:1"}, worker: *web }\n' },
      set: 'worker=app:2',
      options: { pin: true },
      edit: { 'compose.yml': ['*web }', '{<<: *web, image: "app:2"} }'] },
    },
    {
      name: 'all services come through a merge',
      files: {
        'compose.yml': 'x-s: &s\n  web:\n    image: app:1\nservices:\n  <<: *s\n  other:\n    image: o:1\n',
      },
      set: 'web=app:2',
      edit: { 'compose.yml': ['app:1', 'app:2'] },
    },
    {
      name: 'a variable inside a fragment',
      files: {
        'compose.yml':
          'x-a: &a\n  image: app:${TAG:-1}\nservices:\n  web:\n    <<: *a\n  worker:\n    <<: *a\n',
      },
      set: ['web=app:2', 'worker=app:2'],
      edit: { 'compose.yml': [':-1', ':-2'] },
    },
    {
      name: 'one variable feeds services, build arguments, labels and something else',
      files: {
        'compose.yml':
          'services:\n  web:\n    image: app:${TAG}\n    build:\n      context: .\n      args: {V: "${TAG}"}\n  worker:\n    image: app:${TAG}\n    labels: {v: "${TAG}"}\n  db:\n    image: db:5\n    hostname: "h-${TAG}"\n',
        '.env': 'TAG=1\n',
      },
      set: 'web=app:2',
      edit: { '.env': ['1', '2'] },
      effects: [
        'services.db.hostname: h-1 → h-2',
        'services.web.build.args.V: 1 → 2',
        'services.worker.image: app:1 → app:2',
        'services.worker.labels.v: 1 → 2',
      ],
    },
    {
      name: 'the same with --pin moves nothing else',
      files: {
        'compose.yml': 'services:\n  web:\n    image: app:${TAG}\n  worker:\n    image: app:${TAG}\n',
        '.env': 'TAG=1\n',
      },
      set: 'worker=app:2',
      options: { pin: true },
      edit: { 'compose.yml': ['worker:\n    image: app:${TAG}', 'worker:\n    image: app:2'] },
    },
    {
      name: '.env that a container reads as env_file',
      files: {
        'compose.yml': 'services:\n  web:\n    image: app:${TAG}\n    env_file: .env\n',
        '.env': 'TAG=1\n',
      },
      set: 'web=app:2',
      edit: { '.env': ['1', '2'] },
      effects: ['services.web.environment.TAG: 1 → 2'],
    },
    {
      name: 'services that share a place cannot get different images',
      files: {
        'compose.yml':
          'services:\n  web:\n    image: app:${TAG:-1}\n  worker:\n    image: &i app:1\n  third:\n    image: *i\n',
      },
      set: ['worker=app:2', 'third=app:3'],
      refused: 'CONFLICTING_IMAGES',
      hint: /--pin/,
    },
    {
      name: 'a service that is to stay cannot be moved by another',
      files: { 'compose.yml': 'services:\n  web:\n    image: &i app:1\n  worker:\n    image: *i\n' },
      set: ['web=app:1', 'worker=app:2'],
      refused: 'CONFLICTING_IMAGES',
      hint: /--pin/,
    },
  ]);
});
