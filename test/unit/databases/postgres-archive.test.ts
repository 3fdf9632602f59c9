import { expect } from 'chai';
import { ArchiveCheck } from '../../../src/databases/postgres/archive.ts';
import { DUMPED } from './postgres-archives.ts';

/** What is wrong with an archive that arrives in pieces of this size. */
function problemOf(archive: Uint8Array, size = archive.length): string | undefined {
  const check = new ArchiveCheck();
  for (let at = 0; at < archive.length; at += size) check.take(archive.subarray(at, at + size));
  return check.problem;
}

describe('an archive of pg_dump on its way', () => {
  for (const [version, archive] of Object.entries(DUMPED)) {
    it(`is whole at its end and nowhere before: ${version}`, () => {
      for (const size of [1, 2, 7, 64, archive.length])
        expect(problemOf(archive, size), `pieces of ${size}`).to.equal(undefined);
      for (let end = 0; end < archive.length; end += 1)
        expect(problemOf(archive.subarray(0, end)), `cut at ${end}`).to.equal('was cut off before its end');
    });

    it(`is not what pg_dump writes where something lacks, is there twice or comes behind: ${version}`, () => {
      expect(problemOf(archive.subarray(1))).to.equal('is not what pg_dump writes');
      expect(problemOf(Buffer.concat([archive, Buffer.alloc(64)]))).to.equal('is not what pg_dump writes');
      expect(problemOf(Buffer.concat([archive, archive]))).to.equal('is not what pg_dump writes');
    });
  }

  it('is not looked into where a later version wrote it', () => {
    const later = Buffer.from(DUMPED['15']);
    later[6] = 17;
    expect(problemOf(later.subarray(0, 500))).to.equal(undefined);
  });

  it('is no text', () => {
    expect(problemOf(Buffer.from('-- PostgreSQL database dump\n'))).to.equal('is not what pg_dump writes');
  });
});
