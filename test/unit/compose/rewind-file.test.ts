import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { envFiles, findComposeFiles } from '../../../src/compose/files.ts';
import { NO_COMPOSE_OPTIONS } from '../../../src/compose/options.ts';

describe('compose.rewind.yml', () => {
  let root = '';
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'rewind-files-')));
    for (const name of ['compose.yml', 'compose.prod.yml', 'other.yml'])
      writeFileSync(join(root, name), 'services: {}\n');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  const pin = (base: string | undefined): void => {
    writeFileSync(
      join(root, 'compose.rewind.yml'),
      `${base === undefined ? '' : `# base: ${base}\n`}services: {}\n`,
    );
  };
  const found = (...files: string[]): string[] =>
    findComposeFiles({ ...NO_COMPOSE_OPTIONS, files }, root, {}).files.map((file) =>
      file.replace(`${root}/`, ''),
    );

  it('is the last file of every chain that starts with its base', () => {
    pin('compose.yml');
    expect(found()).deep.equal(['compose.yml', 'compose.rewind.yml']);
    expect(found('compose.yml', 'compose.prod.yml')).deep.equal([
      'compose.yml',
      'compose.prod.yml',
      'compose.rewind.yml',
    ]);
    expect(found('other.yml')).deep.equal(['other.yml']);
  });

  it('without a base it belongs to every chain', () => {
    pin(undefined);
    expect(found('other.yml')).deep.equal(['other.yml', 'compose.rewind.yml']);
  });

  it('is not read twice', () => {
    pin('compose.yml');
    const files = [join(root, 'compose.yml'), join(root, 'compose.rewind.yml')];
    expect(findComposeFiles({ ...NO_COMPOSE_OPTIONS, files }, root, {})).deep.equal({
      directory: root,
      files,
    });
  });

  it('COMPOSE_DISABLE_ENV_FILE leaves .env out', () => {
    expect(envFiles(NO_COMPOSE_OPTIONS, root, root, {})).deep.equal([join(root, '.env')]);
    expect(envFiles(NO_COMPOSE_OPTIONS, root, root, { COMPOSE_DISABLE_ENV_FILE: 'true' })).deep.equal([]);
  });
});
