import { expect } from 'chai';
import { fileNamed, type FileMount } from '../../../src/databases/sqlite/mounts.ts';

const mounts: FileMount[] = [
  { slug: '0', kind: 'volume', source: 'shop_data', key: 'data', destination: '/var/lib/app' },
  { slug: '1', kind: 'volume', source: 'shop_inner', key: 'inner', destination: '/var/lib/app/inner' },
  { slug: '2', kind: 'bind', source: '/srv/shop/files', key: 'files', destination: '/files' },
  { slug: '3', kind: 'bind', source: '/srv/shop/a:b', key: 'a:b', destination: '/odd' },
];
const named = (text: string): string => {
  const { name, mount, path } = fileNamed(text, 'app', mounts);
  return `${name} = ${mount.slug} ${path}`;
};

describe('the name of a SQLite file', () => {
  it('is a volume and a path in it, or a path as the service sees it', () => {
    expect(named('data:app.db')).to.equal('data:app.db = 0 app.db');
    expect(named('shop_data:sub/app.db')).to.equal('data:sub/app.db = 0 sub/app.db');
    expect(named('/var/lib/app/sub/app.db')).to.equal('data:sub/app.db = 0 sub/app.db');
    expect(named('/var/lib/app/inner/app.db')).to.equal('inner:app.db = 1 app.db');
    expect(named('files:a:b.db')).to.equal('files:a:b.db = 2 a:b.db');
    expect(named('a:b:c.db')).to.equal('a:b:c.db = 3 c.db');
  });

  it('is refused where it leads out of the volumes', () => {
    for (const text of [
      'data:../x',
      'data:',
      'data:/etc/passwd',
      'data:a//b',
      'other:x',
      '/etc/passwd',
      '/var/lib/app',
      'x.db',
      '/var/lib/app/../x',
    ])
      expect(() => fileNamed(text, 'app', mounts), text).to.throw(/is no file in a volume of app/);
  });
});
