import { expect } from 'chai';
import { isAboutAttributes, LostAttributes } from '../../../src/restore-points/volume/lost-attributes.ts';
import { RewindError } from '../../../src/errors.ts';

const said = (name: string, path: string): string =>
  `tar: setxattrat: Cannot set '${name}' extended attribute for file '${path}': Operation not supported`;

const NO_ACLS = [
  "tar: acl_set_file_at: Cannot set POSIX ACLs for file './plain': Operation not supported",
  "tar: acl_delete_def_file_at: Cannot drop default POSIX ACLs for file './d': Operation not supported",
];

describe('attributes that a file system did not take', () => {
  function concluded(lines: readonly string[], accepted = false): { error?: unknown; notes: string[] } {
    const lost = new LostAttributes();
    for (const line of lines) lost.hear(line);
    const notes: string[] = [];
    try {
      lost.conclude('data', accepted, (note) => notes.push(note));
      return { notes };
    } catch (error) {
      return { error, notes };
    }
  }

  it('are counted, and a few of them named', () => {
    const lines = Array.from({ length: 7 }, (_, n) => said('user.colour', `./it's ${n}`));
    const { error } = concluded(lines);
    expect(error).to.be.instanceOf(RewindError).and.include({ code: 'ATTRIBUTES_LOST' });
    expect((error as RewindError).message).to.match(/^7 attributes of entries of data /);
    expect((error as RewindError).details).to.have.length(5);
    expect((error as RewindError).details[0]).to.equal("user.colour of ./it's 0: Operation not supported");
    expect(concluded(lines, true).notes).to.have.length(1);
    expect(concluded(lines, true).error).to.equal(undefined);
  });

  it('are ACLs and capabilities, too, but not what the policy of a host says of its files', () => {
    for (const name of ['system.posix_acl_access', 'security.capability'])
      expect(concluded([said(name, './f')]).error, name).to.include({ code: 'ATTRIBUTES_LOST' });
    for (const name of ['security.selinux', 'security.ima', 'security.SMACK64'])
      expect(concluded([said(name, './f')]), name).to.deep.equal({ notes: [] });
  });

  it('are not guessed from what tar says of entries without an ACL, of which there is one line for each', () => {
    expect(concluded(NO_ACLS)).to.deep.equal({ notes: [] });
    for (const line of [...NO_ACLS, said('security.selinux', './f')])
      expect(isAboutAttributes(line)).to.equal(true);
    expect(isAboutAttributes('tar: ./f: Cannot open: Permission denied')).to.equal(false);
  });
});
