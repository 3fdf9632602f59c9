import { chmodSync, lstatSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { planImageEdits } from '../../../src/compose/image-source/plan.ts';
import { diffOf, prepareImages, type PreparedImages } from '../../../src/compose/image-source/set-image.ts';
import type { ImageEditOptions } from '../../../src/compose/image-source/types.ts';
import { NO_COMPOSE_OPTIONS, type ComposeOptions } from '../../../src/compose/options.ts';
import { loadProject, type Project } from '../../../src/compose/project.ts';
import { withStandardInput } from '../../../src/compose/standard-input.ts';
import { writeImages as writeImagesUntil } from '../../../src/deployments/write-images.ts';
import type { Runner } from '../../../src/docker/runner.ts';
import { RewindError } from '../../../src/errors.ts';
import { rewind } from '../../e2e/installed.ts';
import { directoryWith, runnerWith } from './image-case.ts';

const SHARED = 'services:\n  web:\n    image: &i app:1\n  worker:\n    image: *i\n';

async function prepared(
  root: string,
  change: string,
  options: ImageEditOptions = {},
  compose: Partial<ComposeOptions> = {},
  runner: Runner = runnerWith(),
): Promise<PreparedImages> {
  const [service = '', image = ''] = change.split('=');
  const where = { options: { ...NO_COMPOSE_OPTIONS, ...compose }, cwd: root, env: process.env };
  return prepareImages(where, [{ service, image }], options, runner);
}

const writeImages = (
  edit: PreparedImages,
  runner: Runner,
  signal = new AbortController().signal,
): Promise<void> => writeImagesUntil(edit, runner, signal);

async function failure(action: Promise<unknown>): Promise<RewindError> {
  const error: unknown = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).instanceOf(RewindError);
  return error as RewindError;
}

describe('image-source: edit and proof', () => {
  it('puts every byte back when the proof fails, and shows the difference', async () => {
    const root = directoryWith({ 'compose.yml': SHARED });
    const edit = await prepared(root, 'web=app:2');
    // As if the effect on worker had not been foreseen.
    edit.plan.effects = [];
    const error = await failure(writeImages(edit, runnerWith()));
    expect(error.code).equal('PROOF_FAILED');
    expect(error.details).deep.equal(['services.worker.image: app:1 → app:2']);
    expect(readFileSync(join(root, 'compose.yml'), 'utf8')).equal(SHARED);
  });

  it('puts every byte back when Compose fails after the edit, and when it is interrupted', async () => {
    const root = directoryWith({ 'compose.yml': SHARED });
    const broken: Runner = { run: () => Promise.resolve({ exitCode: 1, stdout: '', stderr: 'no' }) };
    expect((await failure(writeImages(await prepared(root, 'web=app:2'), broken))).exitCode).equal(1);
    expect(readFileSync(join(root, 'compose.yml'), 'utf8')).equal(SHARED);
    const interrupted = AbortSignal.abort(
      new RewindError('INTERRUPTED', 'interrupted', { exit: 'interrupted' }),
    );
    const error = await failure(writeImages(await prepared(root, 'web=app:2'), runnerWith(), interrupted));
    expect(error.exitCode).equal(130);
    expect(readFileSync(join(root, 'compose.yml'), 'utf8')).equal(SHARED);
  });

  it('puts the first file back when the second cannot be written', async () => {
    const files = { 'compose.yml': 'services:\n  web:\n    image: ${R:-a}:${T}\n', '.env': 'T=1\n' };
    const root = directoryWith(files);
    const edit = await prepared(root, 'web=b:2');
    writeFileSync(join(root, '.env'), 'T=1\nX=mine\n');
    expect((await failure(writeImages(edit, runnerWith()))).code).equal('FILE_CHANGED');
    expect(readFileSync(join(root, 'compose.yml'), 'utf8')).equal(files['compose.yml']);
    expect(readFileSync(join(root, '.env'), 'utf8')).equal('T=1\nX=mine\n');
    expect(readdirSync(root).toSorted()).deep.equal(['.env', '.rewind', 'compose.yml']);
  });

  it('edits what a symbolic link leads to, and keeps the link', async () => {
    const root = directoryWith({ 'real/base.yml': 'services:\n  web:\n    image: app:${T:-1}\n' });
    symlinkSync('real/base.yml', join(root, 'compose.yml'));
    const edit = await prepared(root, 'web=app:2');
    expect(edit.plan.files.map(({ path }) => path)).deep.equal([join(root, 'real/base.yml')]);
    await writeImages(edit, runnerWith());
    expect(lstatSync(join(root, 'compose.yml')).isSymbolicLink()).equal(true);
    expect(readFileSync(join(root, 'compose.yml'), 'utf8')).contain('app:${T:-2}');
  });

  it('foresees effects through absolute paths, links and env files', async () => {
    const root = directoryWith({
      'real/base.yml': 'services:\n  b:\n    image: app:1\n',
      'real/x.env': 'T=1\n',
    });
    symlinkSync('real', join(root, 'link'));
    writeFileSync(
      join(root, 'compose.yml'),
      `services:\n  a:\n    extends: {file: real/base.yml, service: b}\n  b:\n    extends: {file: "${root}/real/base.yml", service: b}\n` +
        `  c:\n    extends: {file: "${root}/link/base.yml", service: b}\n  d:\n    extends: {file: "\${HERE:-${root}}/link/base.yml", service: b}\n`,
    );
    const edit = await prepared(root, 'a=app:2');
    expect(edit.plan.effects.map(({ path }) => path)).to.have.members(
      ['b', 'c', 'd'].map((name) => `services.${name}.image`),
    );
    await writeImages(edit, runnerWith());
  });

  it('foresees effects in files beside the project', async () => {
    const root = directoryWith({
      'shared/base.yml': 'services:\n  b:\n    image: app:1\n    env_file: ../more.env\n',
      'more.env': 'X=1\n',
      'shop/compose.yml':
        'services:\n  a:\n    extends: {file: ../shared/base.yml, service: b}\n  b:\n    extends: {file: ../shared/base.yml, service: b}\n',
    });
    const edit = await prepared(join(root, 'shop'), 'a=app:2');
    expect(edit.plan.effects.map(({ path }) => path)).deep.equal(['services.b.image']);
    await writeImages(edit, runnerWith());
  });

  it('keeps secrets out of the plan', async () => {
    const root = directoryWith({
      'compose.yml':
        'services:\n  web:\n    image: app:${T}\n    env_file: .env\n    environment:\n      URL: "db://u:hunter2@h/${T}?x"\n',
      '.env': 'PASSWORD=hunter2\nT=1\n',
    });
    const { plan } = await prepared(root, 'web=app:2');
    expect(JSON.stringify(plan)).not.contain('hunter2');
    expect(plan.effects).to.deep.include({
      path: 'services.web.environment.URL',
      service: 'web',
      kind: 'other',
      before: '…1…',
      after: '…2…',
    });
  });

  it('refuses a read-only file, also for root, but not a dry run beside it', async () => {
    const root = directoryWith({ 'compose.yml': SHARED, 'ro.yml': SHARED });
    chmodSync(join(root, 'ro.yml'), 0o444);
    const error = await failure(prepared(root, 'web=app:2', {}, { files: ['ro.yml'] }));
    expect([error.code, error.exitCode]).deep.equal(['READ_ONLY', 4]);
    expect(error.hint).match(/chmod u\+w .*--override/);
    await writeImages(
      await prepared(root, 'web=app:2', { override: true }, { files: ['ro.yml'] }),
      runnerWith(),
    );
  });

  it('refuses a value from standard input, and pins it with --override', async () => {
    const root = directoryWith({ 'over.yml': 'services:\n  web:\n    tty: true\n' });
    const runner = withStandardInput(runnerWith(), SHARED);
    const files = ['-', 'over.yml'];
    const error = await failure(prepared(root, 'web=app:2', {}, { files }, runner));
    expect([error.code, error.exitCode]).deep.equal(['IMAGE_FROM_STDIN', 4]);
    await writeImages(await prepared(root, 'web=app:2', { override: true }, { files }, runner), runner);
    expect(readFileSync(join(root, 'compose.rewind.yml'), 'utf8')).match(
      /# base: -\nservices:\n {2}web:\n {4}image: app:2\n$/,
    );
    const project = await loadProject(runner, { ...NO_COMPOSE_OPTIONS, files }, root, process.env);
    expect(project.model.services['web']?.image).equal('app:2');
  });

  it('refuses a value from a remote file', async () => {
    const root = directoryWith({ 'compose.yml': 'include: ["oci://registry.example.com/shop:1"]\n' });
    const project: Project = {
      name: 'p',
      directory: root,
      files: [join(root, 'compose.yml')],
      options: NO_COMPOSE_OPTIONS,
      cwd: root,
      env: {},
      model: { name: 'p', services: { web: { image: 'app:1' } } },
      activeServices: ['web'],
    };
    const error = await failure(
      planImageEdits(project, [{ service: 'web', image: 'app:2' }], {}, runnerWith()),
    );
    expect([error.code, error.exitCode]).deep.equal(['IMAGE_FROM_REMOTE', 4]);
    expect(error.message).contain('oci://registry.example.com/shop:1');
  });

  it('names the nearest service and what is odd about a reference', async () => {
    const root = directoryWith({ 'compose.yml': SHARED });
    const unknown = await failure(prepared(root, 'wev=app:2'));
    expect([unknown.code, unknown.exitCode, unknown.hint]).deep.equal([
      'UNKNOWN_SERVICE',
      2,
      'Did you mean web?',
    ]);
    expect((await failure(prepared(root, 'web=App:2'))).code).equal('INVALID_REFERENCE');
  });

  it('writes a diff that git applies', async () => {
    const files = { 'compose.yml': SHARED.replaceAll('\n', '\r\n'), '.env': '' };
    const edit = await prepared(directoryWith(files), 'web=app:2');
    expect(await diffOf(edit)).equal(
      '--- a/compose.yml\n+++ b/compose.yml\n@@ -1,5 +1,5 @@\n services:\r\n   web:\r\n-    image: &i app:1\r\n+    image: &i app:2\r\n   worker:\r\n     image: *i\r\n',
    );
  });
});

describe('docker rewind set-image', () => {
  it('edits, and says what it did', async () => {
    const root = directoryWith({ 'compose.yml': 'services:\n  web:\n    image: app:${T:-1} # c\n' });
    const { exitCode, stdout, stderr } = await rewind(['set-image', 'web=app:2'], { cwd: root });
    expect([exitCode, stdout]).deep.equal([0, 'web: app:2\n']);
    expect(stderr).contain('the default of T in compose.yml:3');
    expect(readFileSync(join(root, 'compose.yml'), 'utf8')).contain('app:${T:-2} # c');
  });

  it('prints a diff with --dry-run and changes nothing', async () => {
    const root = directoryWith({ 'compose.yml': SHARED });
    const { exitCode, stdout, stderr } = await rewind(['set-image', '--dry-run', 'web=app:2'], { cwd: root });
    expect(exitCode).equal(0);
    expect(stdout).match(/^--- a\/compose\.yml\n\+\+\+ b\/compose\.yml\n@@ -1,5 \+1,5 @@\n/);
    expect(stderr).contain('services.worker.image: app:1 → app:2');
    expect(readFileSync(join(root, 'compose.yml'), 'utf8')).equal(SHARED);
  });

  it('needs a yes for what it moves besides, and --yes covers released services only', async () => {
    const root = directoryWith({ 'compose.yml': SHARED, 'r.yml': SHARED.replace('*i', '*i\n    build: .') });
    const ask = await rewind(['set-image', 'web=app:2'], { cwd: root });
    expect([ask.exitCode, ask.stdout]).deep.equal([2, '']);
    expect(ask.stderr).contain('--yes').contain('--pin');
    const beyond = await rewind(['set-image', '--yes', 'web=app:2'], { cwd: root });
    expect(beyond.exitCode).equal(4);
    expect(readFileSync(join(root, 'compose.yml'), 'utf8')).equal(SHARED);
    expect((await rewind(['set-image', '-f', 'r.yml', '--yes', 'web=app:3'], { cwd: root })).exitCode).equal(
      0,
    );
  });

  it('prints one JSON document', async () => {
    const root = directoryWith({ 'compose.yml': 'services:\n  web:\n    image: app:1\n' });
    const { stdout } = await rewind(['set-image', '--json', 'web=app:2'], { cwd: root });
    expect(JSON.parse(stdout)).deep.equal({
      dryRun: false,
      changed: true,
      images: { web: { before: 'app:1', after: 'app:2' } },
      files: [
        {
          path: join(root, 'compose.yml'),
          edits: [{ offset: 32, removed: '1', inserted: '2' }],
          created: false,
        },
      ],
      effects: [],
      notes: ['web: compose.yml:3'],
    });
  });

  it('needs no engine', async () => {
    const root = directoryWith({
      'compose.yml': 'services:\n  web:\n    image: app:${T}\n',
      '.env': 'T=1\n',
    });
    const { exitCode, stderr } = await rewind(['set-image', 'web=app:2'], {
      cwd: root,
      env: { DOCKER_HOST: 'tcp://127.0.0.1:9' },
    });
    expect(exitCode, stderr).equal(0);
    expect(readFileSync(join(root, '.env'), 'utf8')).equal('T=2\n');
  });

  it('reads standard input for -f -', async () => {
    const root = directoryWith({});
    const { exitCode, stderr } = await rewind(['set-image', '-f', '-', 'web=app:2'], {
      cwd: root,
      input: SHARED,
    });
    expect(exitCode).equal(4);
    expect(stderr).contain('standard input').contain('--override');
  });
});
