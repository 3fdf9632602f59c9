import { expect } from 'chai';
import { bytesText } from '../../../src/bytes-text.ts';
import { parseManifest, renderManifest, type Manifest } from '../../../src/restore-points/manifest.ts';
import { findPoint, newPointId } from '../../../src/restore-points/point-id.ts';
import { slugOf } from '../../../src/restore-points/slug.ts';
import { readTarMessages } from '../../../src/restore-points/volume/tar-messages.ts';

const manifest: Manifest = {
  schema: 1, id: '20261123-051530-aaaa', project: 'shop', environment: 'default',
  createdAt: '2026-11-23T05:15:30.000Z', finishedAt: '2026-11-23T05:15:31.000Z', host: 'h', user: 'u',
  reason: 'backup', volumes: [], databases: [], images: {}, compose: [], downtime: {},
}; // prettier-ignore
const codeOf = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return undefined;
};

describe('restore points', () => {
  it('are named by an id, a unique prefix or latest', () => {
    const ids = ['20261123-051530-aaaa', '20261123-061530-bbbb'];
    expect(findPoint(ids, 'latest')).to.equal(ids[1]);
    expect(findPoint(ids, '20261123-05')).to.equal(ids[0]);
    expect(codeOf(() => findPoint(ids, '20261123'))).to.equal('AMBIGUOUS_POINT');
    expect(codeOf(() => findPoint(ids, 'x'))).to.equal('NO_SUCH_POINT');
    expect(codeOf(() => findPoint([], 'latest'))).to.equal('NO_SUCH_POINT');
    expect(newPointId(new Date('2026-11-23T05:15:30Z'))).to.match(/^20261123-051530-[0-9a-f]{4}$/);
  });

  it('have a manifest in which every changed byte is noticed', () => {
    const text = renderManifest(manifest);
    expect(parseManifest(text, manifest.id)).to.deep.equal(manifest);
    for (let at = 0; at < text.length; at++) {
      const bytes = Buffer.from(text);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      expect(
        codeOf(() => parseManifest(bytes.toString(), manifest.id)),
        String(at),
      ).to.equal('DAMAGED');
    }
    const outside = {
      ...manifest,
      compose: [{ path: 'compose/../../x', bytes: 0, sha256: '0'.repeat(64), original: 'x' }],
    };
    expect(codeOf(() => parseManifest(renderManifest(outside), manifest.id))).to.equal('DAMAGED');
  });

  it('have files whose names are safe and never fall together', () => {
    expect(slugOf('uploads')).to.equal('uploads');
    expect(slugOf('data/uploads')).to.match(/^data_uploads-[0-9a-f]{8}$/);
    expect(slugOf('data_uploads')).to.not.equal(slugOf('data/uploads'));
    expect(slugOf('../x')).to.match(/^[A-Za-z0-9_][A-Za-z0-9_-]*$/);
  });

  it('tell harmless messages of tar from those that make an archive worthless', () => {
    const notes = readTarMessages([
      'tar: ./a: File removed before we read it',
      'tar: ./b: file changed as we read it',
      'tar: ./c: File shrank by 12 bytes; padding with zeros',
      'tar: ./d: Warning: Cannot stat: No such file or directory',
      'tar: ./dir/x: Cannot stat: Not a directory',
      'tar: ./link: Cannot open: Too many levels of symbolic links',
      'tar: ./s: socket ignored',
      'tar: ./e: Read error at byte 0, while reading 512 bytes: Input/output error',
    ]);
    expect(notes).to.include({ vanished: 4, changed: 3 });
    expect(notes.errors).to.have.length(1);
  });

  it('have sizes for people', () => {
    expect([0, 999, 1000, 431_000_000, 1_330_000_000].map(bytesText)).to.deep.equal([
      '0 B',
      '999 B',
      '1.0 kB',
      '431 MB',
      '1.3 GB',
    ]);
  });
});
