import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { applyFileEdit, edited, undoFileEdit } from '../../../src/compose/file-edit.ts';
import type { FileEdit } from '../../../src/compose/image-source/types.ts';
import { temporaryPath, writeProblem } from '../../../src/compose/replace-file.ts';
import { RewindError } from '../../../src/errors.ts';

const BEFORE = 'ü: größer\nimage: app:1\nother: app:1\n';
const AFTER = 'ü: größer\nimage: app:22\nother: app:\n';

describe('file edit', () => {
  let directory = '';
  let path = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'rewind-edit-'));
    path = join(directory, 'compose.yml');
    writeFileSync(path, BEFORE);
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const edit = (): FileEdit => ({
    path,
    sha256: createHash('sha256').update(BEFORE).digest('hex'),
    edits: [
      { offset: Buffer.byteLength('ü: größer\nimage: app:'), removed: '1', inserted: '22' },
      { offset: Buffer.byteLength('ü: größer\nimage: app:1\nother: app:'), removed: '1', inserted: '' },
    ],
  });
  const failure = async (action: Promise<unknown>): Promise<RewindError> => {
    const error: unknown = await action.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).instanceOf(RewindError);
    return error as RewindError;
  };

  it('edits bytes, not characters', async () => {
    await applyFileEdit(edit());
    expect(readFileSync(path, 'utf8')).equal(AFTER);
    expect(readdirSync(directory)).deep.equal(['compose.yml']);
  });

  it('applies once, however often it is called', async () => {
    await applyFileEdit(edit());
    const { ino } = statSync(path);
    await applyFileEdit(edit());
    expect(statSync(path).ino).equal(ino);
    expect(readFileSync(path, 'utf8')).equal(AFTER);
  });

  it('undoes to the byte, and only once', async () => {
    await applyFileEdit(edit());
    expect(await undoFileEdit(edit())).equal('undone');
    expect(readFileSync(path, 'utf8')).equal(BEFORE);
    expect(await undoFileEdit(edit())).equal('unchanged');
  });

  it('keeps mode and owner', async () => {
    chmodSync(path, 0o4751);
    if (process.getuid?.() === 0) chownSync(path, 1234, 2345);
    const { uid, gid } = statSync(path);
    if (uid === 1234) chmodSync(path, 0o4751);
    await applyFileEdit(edit());
    const now = statSync(path);
    expect([now.mode & 0o7777, now.uid, now.gid]).deep.equal([0o4751, uid, gid]);
  });

  it('refuses a file that was edited since, and leaves it', async () => {
    writeFileSync(path, `${BEFORE}# mine\n`);
    for (const action of [applyFileEdit(edit()), undoFileEdit(edit())]) {
      expect((await failure(action)).code).equal('FILE_CHANGED');
      expect(readFileSync(path, 'utf8')).equal(`${BEFORE}# mine\n`);
    }
  });

  it('refuses to undo when somebody edited the file after the edit', async () => {
    await applyFileEdit(edit());
    writeFileSync(path, AFTER.replace('22', '23'));
    expect((await failure(undoFileEdit(edit()))).code).equal('FILE_CHANGED');
  });

  it('says that a file is gone', async () => {
    rmSync(path);
    expect((await failure(applyFileEdit(edit()))).message).contain('is gone');
    expect((await failure(undoFileEdit(edit()))).message).contain('is gone');
  });

  it('clears away what a crash left beside the file', async () => {
    writeFileSync(temporaryPath(path), 'half of i');
    expect(await undoFileEdit(edit())).equal('unchanged');
    expect(existsSync(temporaryPath(path))).equal(false);
    writeFileSync(temporaryPath(path), 'half of i');
    await applyFileEdit(edit());
    expect(readdirSync(directory)).deep.equal(['compose.yml']);
  });

  it('creates a file and removes it again', async () => {
    const created: FileEdit = {
      path: join(directory, 'compose.rewind.yml'),
      sha256: createHash('sha256').update('').digest('hex'),
      edits: [{ offset: 0, removed: '', inserted: 'services: {}\n' }],
      create: true,
    };
    expect(await undoFileEdit(created)).equal('unchanged');
    await applyFileEdit(created);
    await applyFileEdit(created);
    expect(readFileSync(created.path, 'utf8')).equal('services: {}\n');
    expect(await undoFileEdit(created)).equal('undone');
    expect(existsSync(created.path)).equal(false);
    writeFileSync(created.path, 'mine\n');
    expect((await failure(applyFileEdit(created))).code).equal('FILE_CHANGED');
    expect((await failure(undoFileEdit(created))).code).equal('FILE_CHANGED');
    expect(readFileSync(created.path, 'utf8')).equal('mine\n');
  });

  it('never replaces other bytes than it was made for', () => {
    expect(() =>
      edited({ ...edit(), edits: [{ offset: 0, removed: 'x', inserted: 'y' }] }, Buffer.from(BEFORE)),
    ).throw(RewindError);
  });

  it('says in words why a file cannot be written', () => {
    const words: Record<string, RegExp> = {
      ENOSPC: /the disk is full; it was not changed/,
      EDQUOT: /quota/,
      EROFS: /read-only/,
      EACCES: /may not write/,
      EPERM: /may not write/,
      EBUSY: /mounted/,
      EIO: /EIO/,
    };
    for (const [code, pattern] of Object.entries(words)) {
      const error = writeProblem(path, Object.assign(new Error(code), { code }));
      expect(error.message).match(pattern);
      expect(error.hint).not.equal(undefined);
    }
  });
});
