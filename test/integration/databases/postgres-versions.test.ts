import { expect } from 'chai';
import { DAMAGE, DATABASE_SETTINGS, EVERYTHING, ROLES } from './postgres-everything.ts';
import { PostgresProject } from './postgres-project.ts';

describe('PostgreSQL of several versions', () => {
  let project: PostgresProject;
  afterEach(() => project.remove());

  it('takes an older one’s dump, says so before, and refuses a newer one’s', async () => {
    project = await PostgresProject.make({ image: 'postgres:15' });
    await project.sql(ROLES);
    await project.sql('create database shop owner owner');
    await project.sql(EVERYTHING, 'shop');
    await project.sql(`\\set name 'shop'\n${DATABASE_SETTINGS}`);
    const rows = await project.rows('shop');
    const old = await project.backup();

    await project.renew({ image: 'postgres:17' });
    const { document } = await project.json(['restore', old.id, '--dry-run']);
    expect(document.notes.join('\n')).to.match(
      /db\/shop: it was dumped by PostgreSQL 15 and is loaded by PostgreSQL 17/,
    );
    await project.must(['restore', old.id, '--yes']);
    expect(await project.rows('shop')).to.equal(rows);
    expect(await project.globals())
      .to.match(/CREATE ROLE owner/)
      .and.to.match(/GRANT reader TO owner WITH ADMIN/);
    expect(await project.leftovers()).to.deep.equal([]);

    // And the newer one's own, everything of it.
    const before = { contents: await project.contents('shop'), globals: await project.globals() };
    const point = await project.backup();
    await project.sql(DAMAGE, 'shop');
    await project.must(['restore', point.id, '--yes']);
    expect(await project.contents('shop')).to.equal(before.contents);
    expect(await project.globals()).to.equal(before.globals);
    expect(await project.hasCrashed()).to.equal(false);

    await project.renew({ image: 'postgres:15' });
    const refused = await project.json(['restore', point.id, '--yes']);
    expect([refused.exitCode, refused.document.error.code]).to.deep.equal([4, 'OLDER_SERVER']);
    expect(await project.databases()).to.deep.equal(['postgres']);
  });
});
