import { expect } from 'chai';
import fc from 'fast-check';
import type { DatabaseProperties } from '../../../src/databases/postgres/catalog.ts';
import { detailsOf } from '../../../src/databases/postgres/details.ts';
import { failure, reasons } from '../../../src/databases/postgres/failure.ts';
import { isOfRestore, keptName, loadingName } from '../../../src/databases/postgres/names.ts';
import { applyProperties, createDatabase, listItems } from '../../../src/databases/postgres/properties.ts';
import { connectionString, identifier, literal } from '../../../src/databases/postgres/sql.ts';

const PROPERTIES: DatabaseProperties = {
  owner: 'own"er', encoding: 'UTF8', collate: 'C', ctype: 'C', provider: 'c', locale: null, icuRules: null,
  tablespace: 'pg_default', connectionLimit: 7, comment: "it's", settings: [], acl: null,
}; // prettier-ignore
const AVAILABLE = { major: 17, roles: new Set(['own"er', 'reader']), tablespaces: new Set(['pg_default']) };

describe('names and texts for PostgreSQL', () => {
  it('are quoted so that none ends its quotes', () => {
    expect(identifier('a"b; drop')).to.equal('"a""b; drop"');
    expect(literal("it's")).to.equal("'it''s'");
    expect(literal("back\\slash'")).to.equal("E'back\\\\slash'''");
    expect(connectionString("a'b\\ =x")).to.equal("dbname='a\\'b\\\\ =x'");
  });

  it('stay within 63 bytes, whole characters, and never fall together', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 63, unit: 'grapheme' }), (name) => {
        const made = loadingName(name, '1a2b3c');
        expect(Buffer.byteLength(made)).to.be.at.most(63);
        expect(Buffer.from(made).toString()).to.equal(made.toWellFormed());
        expect(isOfRestore(made)).to.equal(true);
        expect(made).to.not.equal(keptName(name, '1a2b3c'));
      }),
    );
    const long = 'x'.repeat(62);
    expect(loadingName(`${long}a`, '1a2b3c')).to.not.equal(loadingName(`${long}b`, '1a2b3c'));
    expect(loadingName('shop', '1a2b3c')).to.equal('shop__restore_1a2b3c');
    expect(keptName('shop', '1a2b3c')).to.equal('shop__before_1a2b3c');
    expect(isOfRestore('shop__before_lunch')).to.equal(false);
  });

  it('make a database as the dump says, as far as the server has it', () => {
    const made = createDatabase('new', PROPERTIES, AVAILABLE);
    expect(made).to.equal(
      `create database "new" with template template0 encoding 'UTF8' owner "own""er" lc_collate 'C' lc_ctype 'C' locale_provider libc tablespace "pg_default";`,
    );
    const icu = { ...PROPERTIES, provider: 'i', locale: 'de-DE', tablespace: 'gone', owner: 'gone' };
    expect(createDatabase('new', icu, AVAILABLE)).to.match(/locale_provider icu icu_locale 'de-DE';$/);
    expect(createDatabase('new', icu, AVAILABLE)).to.not.match(/gone/);
    expect(createDatabase('new', PROPERTIES, { ...AVAILABLE, major: 14 })).to.not.match(/provider/);
  });

  it('give it settings, grants and comment, and nothing that a manifest smuggles in', () => {
    const text = applyProperties(
      'shop',
      {
        ...PROPERTIES,
        settings: [
          { role: null, settings: ['search_path="$user", public', "work_mem=1MB'; drop database x; --"] },
          { role: 'gone', settings: ['a=b'] },
          { role: 'reader', settings: ['my.custom=1, 2'] },
        ],
        acl: [
          { grantee: null, privilege: 'CONNECT', grantable: false },
          { grantee: 'reader', privilege: 'CREATE', grantable: true },
          { grantee: 'reader', privilege: 'CREATE; drop database x', grantable: true },
          { grantee: 'gone', privilege: 'CREATE', grantable: true },
        ],
      },
      AVAILABLE,
    );
    expect(text.split('\n')).to.deep.equal([
      'alter database "shop" connection limit 7;',
      `comment on database "shop" is 'it''s';`,
      `alter database "shop" set "search_path" to '$user', 'public';`,
      `alter database "shop" set "work_mem" to '1MB''; drop database x; --';`,
      `alter role "reader" in database "shop" set "my"."custom" to '1, 2';`,
      'revoke all on database "shop" from public;',
      'revoke all on database "shop" from "own""er";',
      'grant CONNECT on database "shop" to public;',
      'grant CREATE on database "shop" to "reader" with grant option;',
    ]);
    expect(listItems('"a""b, c", d ,"$user"')).to.deep.equal(['a"b, c', 'd', '$user']);
    expect(listItems('""')).to.deep.equal(['']);
  });

  it('are taken from a manifest only in the form that a dump of ours has', () => {
    const details = {
      properties: PROPERTIES,
      objects: { tables: 1 },
      tablespaces: [],
      extensions: ['plpgsql'],
    };
    const taken = (changed: object): unknown => {
      try {
        return detailsOf({ key: 'db/shop', details: { ...details, ...changed } } as never);
      } catch (error) {
        return (error as { code?: string }).code;
      }
    };
    expect(taken({})).to.deep.equal(details);
    const bad: object[] = [
      { properties: undefined },
      { objects: { tables: '1' } },
      { tablespaces: null },
      { extensions: [1] },
      ...[
        { owner: 1 },
        { connectionLimit: '7; drop' },
        { acl: [{}] },
        { settings: [{ role: null, settings: ['=x'] }] },
      ].map((changed) => ({ properties: { ...PROPERTIES, ...changed } })),
    ];
    for (const changed of bad) expect(taken(changed), JSON.stringify(changed)).to.equal('DAMAGED');
  });

  it('keep statements, which may hold secrets, out of what is said of a failure', () => {
    const stderr = [
      'pg_restore: connecting to database for restore',
      'pg_restore: error: could not execute query: ERROR:  role "x" does not exist',
      "Command was: CREATE USER MAPPING FOR x SERVER y OPTIONS (password 'secret');",
      'more of it',
    ].join('\n');
    expect(reasons(stderr)).to.deep.equal([
      'pg_restore: error: could not execute query: ERROR:  role "x" does not exist',
    ]);
    const error = failure({ service: 'db' } as never, { exitCode: 1, stdout: '', stderr }, 'loading db/shop');
    expect(error.message).to.equal(
      'db: loading db/shop failed: could not execute query: ERROR:  role "x" does not exist',
    );
    expect(JSON.stringify([error.message, error.details])).to.not.match(/secret/);
  });
});
