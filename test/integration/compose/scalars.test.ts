import { imageCases, type ImageCase } from './image-case.ts';

/** A service `web` whose image is written in some form; the whole line is given. */
function form(name: string, text: string, before: string, after: string): ImageCase {
  const content = `services:\n  web:\n    ${text}\n    restart: always\n`;
  return {
    name,
    files: { 'compose.yml': content },
    set: 'web=app:v2',
    edit: { 'compose.yml': [before, after] },
  };
}

const whole = (
  name: string,
  content: string,
  edit: readonly [string, string],
  set = 'web=app:v2',
): ImageCase => ({
  name,
  files: { 'compose.yml': content },
  set,
  edit: { 'compose.yml': edit },
});

describe('image-source: forms of a scalar', () => {
  imageCases([
    form('plain', 'image: app:v1', 'v1', 'v2'),
    form('plain with many spaces', 'image:     app:v1   ', 'v1', 'v2'),
    form('plain on the next line', 'image:\n      app:v1', 'v1', 'v2'),
    form('single quotes', "image: 'app:v1'", 'v1', 'v2'),
    form('double quotes', 'image: "app:v1"', 'v1', 'v2'),
    form('double quotes with an escape before the tag', 'image: "\\x61pp:v1"', 'v1', 'v2'),
    form('double quotes with the tag escaped', 'image: "app:\\u0076\\x31"', '\\x31', '2'),
    form('double quotes over two lines', 'image: "app\\\n      :v1"', 'v1', 'v2'),
    form('folded block', 'image: >-\n      app:v1', 'v1', 'v2'),
    form('folded block that keeps its line break', 'image: >\n      app:v1', 'v1', 'v2'),
    form('literal block', 'image: |\n      app:v1', 'v1', 'v2'),
    form('literal block, stripped, with a comment', 'image: |- # which\n        app:v1', 'v1', 'v2'),
    form('explicit !!str', 'image: !!str app:v1', 'v1', 'v2'),
    form('explicit key', '? image\n    : app:v1', 'v1', 'v2'),
    form('quoted key', '"image": app:v1', 'v1', 'v2'),
    form('single-quoted key', "'image' : app:v1", 'v1', 'v2'),
    form('comment behind', 'image: app:v1 # app:v1, pinned by hand', 'image: app:v1 ', 'image: app:v2 '),
    form('comment with quotes behind a quoted one', 'image: "app:v1" # "x"', 'app:v1', 'app:v2'),
    form('own anchor that nobody uses', 'image: &web app:v1', 'v1', 'v2'),
    form('with a tag and an anchor', 'image: !!str &web "app:v1"', 'v1', 'v2'),
    form('!override', 'image: !override app:v1', 'v1', 'v2'),
    whole('flow style', 'services: {web: {image: app:v1, restart: always}}\n', ['v1', 'v2']),
    whole(
      'flow style, quoted, on several lines',
      'services: {\n web: {restart: always,\n  "image":"app:v1"}}\n',
      ['v1', 'v2'],
    ),
    whole('JSON', '{\n  "services": {\n    "web": {\n      "image": "app:v1"\n    }\n  }\n}\n', ['v1', 'v2']),
    whole('JSON on one line', '{"services":{"web":{"image":"app:v1"}}}', ['v1', 'v2']),
    whole('one space of indentation', 'services:\n web:\n  image: app:v1\n', ['v1', 'v2']),
    whole('eight spaces', 'services:\n        web:\n                image: app:v1\n', ['v1', 'v2']),
    whole('CRLF', 'services:\r\n  web:\r\n    image: app:v1\r\n    restart: always\r\n', ['v1', 'v2']),
    whole('CRLF, quoted, comment', 'services:\r\n  web:\r\n    image: "app:v1" # x\r\n', ['v1', 'v2']),
    whole('CRLF, block', 'services:\r\n  web:\r\n    image: >-\r\n      app:v1\r\n    tty: true\r\n', [
      'v1',
      'v2',
    ]),
    whole('byte order mark', '\uFEFFservices:\n  web:\n    image: app:v1\n', ['v1', 'v2']),
    whole('no newline at the end', 'services:\n  web:\n    image: app:v1', ['v1', 'v2']),
    whole(
      'non-ASCII before',
      '# größer, 日本語, 🚢\nservices:\n  web:\n    labels: {a: "ü"}\n    image: app:v1 # ✓\n',
      ['v1', 'v2'],
    ),
    whole('document markers', '---\nservices:\n  web:\n    image: app:v1\n...\n', ['v1', 'v2']),
    whole(
      'two documents: the later one wins',
      'services:\n  web:\n    image: app:v0\n---\nservices:\n  web:\n    image: app:v1\n',
      ['v1', 'v2'],
    ),
    whole(
      'two documents: the image is in the first',
      'services:\n  web:\n    image: app:v1\n---\nservices:\n  web:\n    tty: true\n',
      ['v1', 'v2'],
    ),
    whole(
      'a comment and an empty line everywhere',
      '\n# a\n\nservices: # b\n\n  # image: app:v1\n  web: # c\n\n    # d\n    image: app:v1\n',
      ['    image: app:v1\n', '    image: app:v2\n'],
    ),
    whole(
      'an image that looks like a number gets quotes',
      'services:\n  web:\n    image: app:v1\n',
      ['app:v1', '"12345"'],
      'web=12345',
    ),
    whole(
      'one that looks like a time gets quotes',
      'services:\n  web:\n    image: app:v1 # x\n',
      ['app:v1', '"12:30"'],
      'web=12:30',
    ),
    whole(
      'one that looks like a boolean',
      "services:\n  web:\n    image: 'app:v1'\n",
      ['app:v1', 'no'],
      'web=no',
    ),
  ]);
});
