import { imageCases, type ImageCase } from './image-case.ts';

function added(name: string, before: string, after: string): ImageCase {
  return { name, files: { 'compose.yml': before }, set: 'web=app:2', become: { 'compose.yml': after } };
}

describe('image-source: services that are built', () => {
  imageCases([
    added(
      'build without image',
      'services:\n  web:\n    build: .\n',
      'services:\n  web:\n    image: app:2\n    build: .\n',
    ),
    added(
      'build as a mapping, behind other keys',
      'services:\n  web:\n    ports: ["80"]\n    build:\n      context: .\n    tty: true\n',
      'services:\n  web:\n    ports: ["80"]\n    image: app:2\n    build:\n      context: .\n    tty: true\n',
    ),
    added(
      'its own indentation',
      'services:\n      web:\n         build: .\n',
      'services:\n      web:\n         image: app:2\n         build: .\n',
    ),
    added(
      'its own quoting style',
      'services:\n  db:\n    image: "db:1"\n  web:\n    build: .\n',
      'services:\n  db:\n    image: "db:1"\n  web:\n    image: "app:2"\n    build: .\n',
    ),
    added(
      'single quotes',
      "services:\n  db:\n    image: 'db:1'\n  web:\n    build: .\n",
      "services:\n  db:\n    image: 'db:1'\n  web:\n    image: 'app:2'\n    build: .\n",
    ),
    added(
      'CRLF',
      'services:\r\n  web:\r\n    build: .\r\n',
      'services:\r\n  web:\r\n    image: app:2\r\n    build: .\r\n',
    ),
    added(
      'no newline at the end',
      'services:\n  web:\n    build: .',
      'services:\n  web:\n    image: app:2\n    build: .',
    ),
    added('flow style', 'services:\n  web: {build: .}\n', 'services:\n  web: {image: app:2, build: .}\n'),
    added(
      'JSON',
      '{\n  "services": {\n    "web": {\n      "build": "."\n    }\n  }\n}\n',
      '{\n  "services": {\n    "web": {\n      "image": "app:2",\n      "build": "."\n    }\n  }\n}\n',
    ),
    added(
      'an empty image',
      'services:\n  web:\n    build: .\n    image: ""\n',
      'services:\n  web:\n    build: .\n    image: "app:2"\n',
    ),
    added(
      'comments stay',
      'services:\n  web: # the shop\n    # built here\n    build: . # from source\n',
      'services:\n  web: # the shop\n    # built here\n    image: app:2\n    build: . # from source\n',
    ),
    added(
      'build through a merge: the image goes into the service',
      'x-b: &b\n  build: .\nservices:\n  web:\n    <<: *b\n  worker:\n    <<: *b\n',
      'x-b: &b\n  build: .\nservices:\n  web:\n    image: app:2\n    <<: *b\n  worker:\n    <<: *b\n',
    ),
    {
      name: 'build through extends: the image goes into the service',
      files: {
        'compose.yml': 'services:\n  web:\n    extends: {file: base.yml, service: b}\n',
        'base.yml': 'services:\n  b:\n    build: .\n',
      },
      set: 'web=app:2',
      edit: { 'compose.yml': ['    extends', '    image: app:2\n    extends'] },
    },
    {
      name: 'build in the first file of a chain: the image goes there',
      files: {
        'compose.yml': 'services:\n  web:\n    build: .\n',
        'compose.override.yml': 'services:\n  web:\n    tty: true\n',
      },
      set: 'web=app:2',
      edit: { 'compose.yml': ['    build', '    image: app:2\n    build'] },
    },
    {
      name: 'build with image',
      files: { 'compose.yml': 'services:\n  web:\n    build: .\n    image: app:1\n' },
      set: 'web=app:2',
      edit: { 'compose.yml': ['app:1', 'app:2'] },
    },
    {
      name: 'build.ssh, of which Compose makes no JSON',
      files: {
        'compose.yml':
          'services:\n  web:\n    build:\n      context: .\n      ssh: [default=/tmp/agent]\n    image: app:1\n',
      },
      set: 'web=app:2',
      edit: { 'compose.yml': ['app:1', 'app:2'] },
    },
  ]);
});
