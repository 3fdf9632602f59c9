import { expect } from 'chai';
import { configError } from '../../../src/compose/config-error.ts';
import { withoutSecrets } from '../../../src/compose/without-secrets.ts';
import { hushed } from '../../../src/hush.ts';

// Every secret here has this in it, and nothing else has.
const SECRET = 'hunter2';

const FILE = `
# the shop; DB_PASSWORD=hunter2a was the old one
name: shop
x-env: &env
  SHARED: hunter2b
x-plain: &password hunter2c
services:
  web:
    image: registry.example.com/shop/web:1.4.2@sha256:abc   # the tag
    environment:
      <<: *env
      PLAIN: hunter2d
      NUMBER: 12345
      PASSED: *password
      REFERENCE: \${PLAIN}
      DEFAULT: "\${X:-hunter2e}"
      EMPTY:
      LONG: |
        hunter2f
          hunter2g
      AFTER: 'hunter2h'
    build:
      context: .
      args: [A=hunter2i, "B=hunter2j", PASSED]
    command: ["serve", "--token", "hunter2k", "--port", "80", "--api-key=hunter2l"]
    labels: {owner: me, app.password: hunter2m}
  db:
    image: postgres:15
    environment:
      - POSTGRES_PASSWORD=hunter2n
      - POSTGRES_USER
    entrypoint: redis-server --requirepass hunter2o --maxmemory 1g
    healthcheck: {test: "psql postgres://shop:hunter2p@localhost/shop"}
    secrets: [db_password]
secrets:
  db_password:
    file: ./secrets/db_password.txt
configs:
  app: {content: "key: hunter2q"}
volumes:
  data:
`;

describe('a copy of a Compose file', () => {
  it('has no value of a secret, and every other byte', async () => {
    const copy = await withoutSecrets(FILE);
    expect(copy.split('\n').filter((line) => line.includes(SECRET))).to.deep.equal([]);
    for (const kept of [
      'image: registry.example.com/shop/web:1.4.2@sha256:abc   # the tag',
      'REFERENCE: ${PLAIN}',
      'EMPTY:\n',
      'AFTER: <not kept>',
      'NUMBER: <not kept>',
      'LONG: <not kept>\n      AFTER',
      '"--port", "80"',
      '- POSTGRES_USER\n',
      'secrets: [db_password]',
      'file: ./secrets/db_password.txt',
      'labels: {owner: me, app.password: <not kept>}',
    ])
      expect(copy).to.include(kept);
    const { parse } = await import('yaml');
    const now = parse(copy, { merge: true });
    expect(now.services.web.environment.SHARED).to.equal('<not kept>');
    expect(Object.keys(now.services.db)).to.deep.equal(Object.keys(parse(FILE).services.db));
    expect(await withoutSecrets(copy)).to.equal(copy);
    const aligned = await withoutSecrets(FILE, true);
    expect(aligned).not.to.include(SECRET);
    expect(aligned.split('\n')).to.have.lengthOf(FILE.split('\n').length);
  });

  it('that is no YAML, or one without an end, is not kept', async () => {
    for (const text of ['a: [hunter2', 'a: b\n  c: hunter2', '"hunter2']) {
      expect(await withoutSecrets(text))
        .to.include('<not kept>')
        .and.not.to.include(SECRET);
    }
    const bomb = ['a: &a [hunter2]', ...'bcdefghi'.split('').map((name, index) => {
      const before = 'abcdefgh'[index];
      return `${name}: &${name} [${Array.from({ length: 10 }, () => `*${before}`).join(', ')}]`;
    })].join('\n'); // prettier-ignore
    expect(await withoutSecrets(bomb)).to.include('<not kept>');
    expect(await withoutSecrets('a: &a\n  <<: *a\n')).to.be.a('string');
    expect(await withoutSecrets('')).to.equal('');
  });
});

describe('what others say', () => {
  it('loses the values that it quotes', () => {
    const said = [
      'invalid interpolation format for services.web.environment.PASSWORD.\nYou may need to escape any $ with another $.\nhunter2${\n',
      'failed to read /srv/.env: line 2: unexpected character "@" in variable name "my pass@word=hunter2"\n',
      'failed to read /srv/.env: line 3: unterminated quoted value "hunter2\nB=hunter2"\n',
      'error: DB_PASSWORD=hunter2 is wrong',
    ];
    for (const stderr of said) {
      const { message, details } = configError({ exitCode: 1, stdout: '', stderr });
      expect([message, ...details].join('\n')).not.to.include(SECRET);
      expect(message).to.match(/PASSWORD|\.env: line/);
    }
    expect(hushed('no secret is here: 3 passed, token')).to.equal('no secret is here: 3 passed, token');
  });
});
