import { expect } from 'chai';
import { missingGlobals } from '../../../src/databases/postgres/globals.ts';

const DUMP = String.raw`--
-- PostgreSQL database cluster dump
--
\restrict AbC
SET default_transaction_read_only = off;
SET standard_conforming_strings = on;
CREATE ROLE app;
ALTER ROLE app WITH NOSUPERUSER LOGIN PASSWORD 'SCRAM-SHA-256$4096:a;b''c==$d';
ALTER ROLE app SET search_path TO 'a', 'b';
CREATE ROLE "odd ""name""; drop table x";
ALTER ROLE "odd ""name""; drop table x" WITH LOGIN PASSWORD E'it\'s; \\ here';
COMMENT ON ROLE app IS 'an -- odd; comment';
CREATE ROLE postgres;
ALTER ROLE postgres WITH SUPERUSER LOGIN PASSWORD 'secret';
CREATE ROLE reader;
GRANT reader TO app WITH ADMIN OPTION GRANTED BY postgres;
GRANT reader TO "odd ""name""; drop table x" WITH INHERIT TRUE GRANTED BY gone;
CREATE TABLESPACE fast OWNER app LOCATION '/srv/fast';
GRANT ALL ON TABLESPACE fast TO app;
ALTER ROLE app IN DATABASE shop SET work_mem TO '1GB';
DROP TABLE important;
\unrestrict AbC
`;

describe('roles and grants of a PostgreSQL dump', () => {
  it('are taken where they are missing, and nothing else is', () => {
    const { roles, statements } = missingGlobals(DUMP, new Set(['postgres']));
    expect(roles).to.deep.equal(['app', 'odd "name"; drop table x', 'reader']);
    expect(statements).to.deep.equal([
      'CREATE ROLE app',
      "ALTER ROLE app WITH NOSUPERUSER LOGIN PASSWORD 'SCRAM-SHA-256$4096:a;b''c==$d'",
      "ALTER ROLE app SET search_path TO 'a', 'b'",
      'CREATE ROLE "odd ""name""; drop table x"',
      String.raw`ALTER ROLE "odd ""name""; drop table x" WITH LOGIN PASSWORD E'it\'s; \\ here'`,
      "COMMENT ON ROLE app IS 'an -- odd; comment'",
      'CREATE ROLE reader',
      'GRANT reader TO app WITH ADMIN OPTION GRANTED BY postgres',
      'GRANT reader TO "odd ""name""; drop table x" WITH INHERIT TRUE',
    ]);
  });

  it('leave roles that are there as they are', () => {
    const present = new Set(['postgres', 'app', 'reader', 'odd "name"; drop table x']);
    expect(missingGlobals(DUMP, present)).to.deep.equal({ roles: [], statements: [] });
    const { roles, statements } = missingGlobals(DUMP, new Set(['postgres', 'app', 'reader']));
    expect(roles).to.have.length(1);
    expect(statements.some((line) => line.includes(' app '))).to.equal(false);
  });
});
