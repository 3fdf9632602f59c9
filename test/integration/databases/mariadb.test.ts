import { expect } from 'chai';
import { ACCOUNTS, DAMAGE, EVERYTHING, GRANTS, ODD } from './mariadb-everything.ts';
import { MariadbProject, PASSWORD } from './mariadb-project.ts';

const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

for (const version of ['10.11', '11'] as const) {
  describe(`MariaDB ${version}`, () => {
    let project: MariadbProject;
    before(async () => {
      project = await MariadbProject.make({ version });
      await project.sql(`CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_german2_ci;
CREATE DATABASE ${quoted(ODD)} CHARACTER SET utf8mb3;\n${ACCOUNTS}`);
      for (const name of ['shop', ODD]) await project.sql(EVERYTHING, name);
      await project.sql(GRANTS, 'shop');
    });
    after(() => project.remove());

    it('comes back to the row, the trigger and the grant, whatever happened to it since', async () => {
      const before = { shop: await project.contents('shop'), odd: await project.contents(ODD) };
      const accounts = await project.accounts();
      const point = await project.backup();
      expect(
        point.databases.map((database: any) => [database.key, database.version.slice(0, 3)]),
      ).to.deep.equal([ODD, 'shop'].sort().map((name) => [`db/${name}`, `${version}.`.slice(0, 3)]));
      expect(point.volumes).to.deep.equal([]);
      expect(JSON.stringify(point)).to.not.contain(PASSWORD);
      await project.sql(DAMAGE, 'shop');
      await project.sql(`DROP DATABASE ${quoted(ODD)}; DROP USER clerk@'%'; DROP ROLE keeper;`);
      const { exitCode, document } = await project.json(['restore', point.id, '--only', 'db/shop', '--yes']);
      expect(exitCode, JSON.stringify(document, undefined, 1)).to.equal(0);
      expect(await project.contents('shop')).to.equal(before.shop);
      expect(await project.databases()).to.deep.equal(['shop']);
      await project.must(['restore', point.id, '--yes', '--no-safety-backup']);
      expect(await project.contents('shop')).to.equal(before.shop);
      expect(await project.contents(ODD)).to.equal(before.odd);
      expect(await project.accounts()).to.equal(accounts);
      expect(await project.leftovers()).to.deep.equal([]);
    });
  });
}
