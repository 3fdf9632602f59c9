import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { edited } from '../../../src/compose/file-edit.ts';
import { effectsBeyondYes } from '../../../src/compose/image-source/consent.ts';
import { parseEnvFile } from '../../../src/compose/image-source/env-file.ts';
import { differences, proveImageEdits } from '../../../src/compose/image-source/proof.ts';
import { scalarText } from '../../../src/compose/image-source/scalar-text.ts';
import { parseImageChanges } from '../../../src/compose/image-source/set-image.ts';
import { parseTemplate } from '../../../src/compose/image-source/template.ts';
import type { Effect } from '../../../src/compose/image-source/types.ts';
import { shownLines, unifiedDiff } from '../../../src/compose/image-source/unified-diff.ts';
import { RewindError } from '../../../src/errors.ts';

describe('image-source: proof', () => {
  const before = {
    name: 'p',
    'x-a': { image: 'a:1' },
    services: { web: { image: 'a:1', environment: { T: '1' } }, db: { image: 'd:1' } },
  };

  it('names every value that differs, but not fragments', () => {
    const after = {
      ...before,
      'x-a': { image: 'a:2' },
      services: { web: { image: 'a:2', environment: { T: '2' } }, db: { image: 'd:1', tty: true } },
    };
    expect(differences(before, after)).deep.equal([
      { path: 'services.web.image', service: 'web', kind: 'image', before: 'a:1', after: 'a:2' },
      { path: 'services.web.environment.T', service: 'web', kind: 'other', before: '1', after: '2' },
      { path: 'services.db.tty', service: 'db', kind: 'other', before: '', after: 'true' },
    ]);
  });

  it('accepts the wanted image and the planned effects only', () => {
    const web = { ...before.services.web, image: 'a:2' };
    const good = { ...before, services: { ...before.services, web } };
    const changes = [{ service: 'web', image: 'a:2' }];
    proveImageEdits(before, good, changes, { effects: [] });
    const moved: Effect = {
      path: 'services.db.image',
      service: 'db',
      kind: 'image',
      before: 'd:1',
      after: 'd:2',
    };
    const more = { ...before, services: { web, db: { image: 'd:2' } } };
    proveImageEdits(before, more, changes, { effects: [moved] });
    const attempt = (): void => proveImageEdits(before, more, changes, { effects: [] });
    expect(attempt).throw(RewindError).property('details').deep.equal(['services.db.image: d:1 → d:2']);
    expect(() => proveImageEdits(before, before, changes, { effects: [] })).throw(RewindError);
  });

  it('--yes covers images of released services only', () => {
    const effect = (path: string, service: string, kind: 'image' | 'other'): Effect => ({
      path,
      service,
      kind,
      before: '1',
      after: '2',
    });
    const effects = [
      effect('services.api.image', 'api', 'image'),
      effect('services.db.image', 'db', 'image'),
      effect('services.job.image', 'job', 'image'),
      effect('services.api.hostname', 'api', 'other'),
    ];
    const model = { name: 'p', services: { api: { build: {} }, db: {}, job: {} } };
    const config = {
      environment: 'default',
      mutable_tags: [],
      services: { job: { release: true } },
      stores: [],
      before_deploy: 'none' as const,
      volumes: {},
    };
    expect(effectsBeyondYes(effects, { model }, config).map(({ path }) => path)).deep.equal([
      'services.db.image',
      'services.api.hostname',
    ]);
  });
});

describe('image-source: texts', () => {
  it('reads an env file as Compose does', () => {
    const text = `# A=0\n\nexport A=1 # one\nB: "two \\"2\\"" # x\nC='$x'\nD\nE=a#b\nF="x\ny"\nA=3`;
    const { entries } = parseEnvFile({ path: '/.env', real: '/.env', bom: 0, text });
    expect(entries.map(({ name, value }) => [name, value?.value])).deep.equal([
      ['A', '1'],
      ['B', 'two "2"'],
      ['C', '$x'],
      ['D', undefined],
      ['E', 'a#b'],
      ['F', 'x\ny'],
      ['A', '3'],
    ]);
  });

  it('cuts a value into text and variables', () => {
    const kinds = (value: string): string[] | undefined =>
      parseTemplate(value)?.map(({ kind, from, to }) => `${kind} ${value.slice(from, to)}`);
    expect(kinds('a${B:-${C-d}e}f$$g$H')).deep.equal([
      'text a',
      'variable ${B:-${C-d}e}',
      'text f',
      'dollar $$',
      'text g',
      'variable $H',
    ]);
    for (const odd of ['${', '${}', '$', '${1}', '${A:-', '${A!b}', '$-'])
      expect(kinds(odd), odd).equal(undefined);
  });

  it('quotes what YAML would not take for a string', () => {
    for (const plain of ['app:1', 'r.io:5000/a/b:1.0', 'a@sha256:00', '12ab'])
      expect(scalarText(plain, '')).equal(plain);
    for (const odd of ['123', '1.5', '1e3', '0x1f', '12:30', 'null', 'no', '2024-01-01'])
      expect(scalarText(odd, '')).equal(`"${odd}"`);
    expect(scalarText('a:1', "'")).equal("'a:1'");
  });

  it('takes SERVICE=REF only', () => {
    expect(parseImageChanges(['web=r.io:5000/a:1', 'db=d@sha256:00'])).deep.equal([
      { service: 'web', image: 'r.io:5000/a:1' },
      { service: 'db', image: 'd@sha256:00' },
    ]);
    for (const odd of [[], ['web'], ['=a'], ['web='], ['a=b:1', 'a=b:2']])
      expect(() => parseImageChanges(odd)).throw(RewindError);
  });

  it('shows no secret beside an image, in a Compose file or an env file', async () => {
    const diffOf = async (path: string, text: string, removed: string, inserted: string): Promise<string> => {
      const before = Buffer.from(text);
      const edit = { path, sha256: '', edits: [{ offset: before.indexOf(removed), removed, inserted }] };
      const after = edited(edit, before);
      const shown = { before: await shownLines(path, before), after: await shownLines(path, after) };
      return unifiedDiff(path, edit, { before, after, shown });
    };
    const compose =
      'services:\n  a:\n    environment:\n      PASSWORD: |\n        hunter2\n    image: a:1\n    environment_x: 1\n';
    const inYaml = await diffOf('c.yml', compose, 'a:1', 'a:2');
    expect(inYaml).contain('-    image: a:1\n+    image: a:2\n').not.contain('hunter2');
    const inEnv = await diffOf('.env', 'PASSWORD=hunter2\nTAG=1\nexport KEY: hunter2\n', 'TAG=1', 'TAG=2');
    expect(inEnv).contain('-TAG=1\n+TAG=2\n').contain(' PASSWORD=<not kept>\n').not.contain('hunter2');
    const inFlow = await diffOf(
      'c.yml',
      'services: {a: {image: "a:1", environment: {P: hunter2}}}\n',
      'a:1',
      'a:2',
    );
    expect(inFlow).contain('a:2').not.contain('hunter2');
  });

  it('prints a unified diff', async () => {
    const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`);
    const before = Buffer.from(lines.join('\n'));
    const at = before.indexOf('line 12');
    const edit = {
      path: '/c.yml',
      sha256: createHash('sha256').update(before).digest('hex'),
      edits: [
        { offset: at, removed: 'line 12', inserted: 'new\nline 12b' },
        { offset: before.length, removed: '', inserted: '!' },
      ],
    };
    const after = edited(edit, before);
    const shown = { before: await shownLines('/c.txt', before), after: await shownLines('/c.txt', after) };
    expect(unifiedDiff('c.yml', edit, { before, after, shown })).equal(
      '--- a/c.yml\n+++ b/c.yml\n@@ -10,7 +10,8 @@\n line 9\n line 10\n line 11\n-line 12\n+new\n+line 12b\n line 13\n line 14\n line 15\n' +
        '@@ -27,4 +28,4 @@\n line 26\n line 27\n line 28\n-line 29\n\\ No newline at end of file\n+line 29!\n\\ No newline at end of file\n',
    );
  });
});
