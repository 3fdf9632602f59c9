import { expect } from 'chai';
import fc from 'fast-check';
import { RewindError } from '../../../src/errors.ts';
import { parseManifest, renderManifest, type Manifest } from '../../../src/restore-points/manifest.ts';
import { parseRecord } from '../../../src/restore-points/volume/index-records.ts';
import { listed } from '../../../src/restore-points/volume/layer-links.ts';
import { pointText, pointTable } from '../../../src/ui/point-text.ts';
import { createTerminal } from '../../../src/ui/terminal.ts';

const id = '20261123-051530-aaaa';
const file = (path: string) => ({ path, bytes: 1, sha256: 'a'.repeat(64) });
const good: Manifest = {
  schema: 1, id, project: 'shop', environment: 'default', host: 'h', user: 'u', reason: 'backup',
  createdAt: '2026-11-23T05:15:30.000Z', finishedAt: '2026-11-23T05:15:31.000Z',
  volumes: [
    {
      key: 'data', slug: 'data', kind: 'volume', name: 'shop_data', consistency: 'stopped', tools: 'gnu', lost: [], notes: [],
      layers: [{ archive: file('volumes/data.tar.zst'), deleted: null, point: id }], index: file('volumes/data.index.zst'),
      base: { point: id, layers: 1, index: file('volumes/data.base-index.zst') }, unsettled: null, entries: 1, bytes: 1,
      diskBytes: 1, addedBytes: 1,
    },
  ],
  databases: [
    {
      key: 'db/shop', service: 'db', engine: 'postgres', version: '15', database: 'shop', dump: file('databases/db/shop.dump'),
      globals: null, tables: null, takenAt: '2026-11-23T05:15:30.000Z', finishedAt: '2026-11-23T05:15:31.000Z',
      serverBytes: 1, details: {}, notes: [],
    },
  ],
  images: { web: { image: 'web:1', imageId: 'sha256:1' } }, compose: [{ ...file('compose/0-compose.yml'), original: 'c' }],
  downtime: { web: 1 },
}; // prettier-ignore

// Everything that is odd in the place of a value.
const ODD = [
  null, true, -1, 1.5, 2 ** 60, '', '..', '../../etc/passwd', '/etc/passwd', 'volumes/../../x', 'volumes/\0', 'a'.repeat(300),
  [], {}, [null], { length: 9 }, '\u001B[2J', '-rf', '$(reboot)', '__proto__',
]; // prettier-ignore

/** The manifest with the value at a path replaced. */
function withValue(path: readonly (string | number)[], value: unknown): Manifest {
  const copy = structuredClone(good);
  let at = copy as unknown as Record<string | number, unknown>;
  for (const part of path.slice(0, -1)) at = at[part] as Record<string | number, unknown>;
  at[path.at(-1) ?? ''] = value;
  return copy;
}

function pathsOf(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path];
  const inside = Object.entries(value).flatMap(([key, child]) =>
    pathsOf(child, [...path, Array.isArray(value) ? Number(key) : key]),
  );
  return path.length === 0 ? inside : [path, ...inside];
}

const none = createTerminal({ flags: { ansi: 'never' }, env: {}, stdin: {}, stdout: {}, stderr: {} }).style;

describe('a manifest from elsewhere', () => {
  it('with anything odd in any place is refused, or harmless: no file outside its directory, nothing that draws', () => {
    expect(parseManifest(renderManifest(good), id)).to.deep.equal(good);
    let refused = 0;
    for (const path of pathsOf(good)) {
      for (const odd of ODD) {
        const what = `${path.join('.')} = ${JSON.stringify(odd)}`;
        let manifest: Manifest;
        try {
          manifest = parseManifest(renderManifest(withValue(path, odd)), id);
        } catch (error) {
          expect(error, what).to.be.instanceOf(RewindError);
          expect((error as RewindError).exitCode, what).to.equal(4);
          refused++;
          continue;
        }
        const [volume] = manifest.volumes;
        const stored = [volume?.index, ...(volume?.layers ?? []).map(({ archive }) => archive)];
        for (const each of [...stored, ...manifest.databases.map(({ dump }) => dump), ...manifest.compose])
          if (each !== undefined)
            expect(each.path, what).to.match(/^(volumes|databases|compose)\/(?!\.\.)[^\0]+$/);
        const text = `${pointText(manifest, none)}${pointTable([manifest], none, undefined)}`;
        // oxlint-disable-next-line no-control-regex
        expect(text, what).not.to.match(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/);
      }
    }
    expect(refused).to.be.above(300);
  });

  it('is never more than an error, whatever its bytes are', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        expect(() => parseManifest(text, id)).to.throw(RewindError);
      }),
    );
  });
});

describe('an entry of an index from elsewhere', () => {
  it('is refused where anything of it is odd', () => {
    const fields = ['f', '644', '0', '0', '5', '8', '1', '7', '1.5', '2.5', ''];
    expect(parseRecord(`./a//${fields.join(' ')}`)).to.include({ path: './a', size: 5 });
    for (const [index] of fields.slice(0, -1).entries()) {
      for (const odd of ['', 'x', '-', '1e9', 'NaN', '../..', '0x10', '9'.repeat(40)]) {
        const line = `./a//${fields.with(index, odd).join(' ')}`;
        expect(() => parseRecord(line), line).to.throw(RewindError);
      }
    }
    for (const path of ['', 'a', '/a', '../a', './../a', './a/../b', './a/', './/a'])
      expect(() => parseRecord(`${path}//${fields.join(' ')}`), path).to.throw(RewindError);
  });
});

describe('names as tar lists them', () => {
  it('are read back to their bytes', () => {
    const at = '0/0 0 2026-11-29 09:08';
    expect(listed(String.raw`-rw-r--r-- ${at} "./a\nb\\c\377 d"`)).to.deep.equal({
      name: './a\nb\\c\u00FF d',
      type: '-',
    });
    expect(listed(`drwxr-xr-x ${at} "./plain/"`)).to.deep.equal({ name: './plain/', type: 'd' });
    expect(listed(`lrwxrwxrwx ${at} "./link" -> "/etc"`)).to.deep.equal({
      name: './link',
      type: 'l',
      target: '/etc',
    });
    expect(listed(String.raw`hrw-r--r-- ${at} "./a \"q\" link to b" link to "./h\303"`)).to.deep.equal({
      name: './a "q" link to b',
      type: 'h',
      target: './h\u00C3',
    });
  });
});
