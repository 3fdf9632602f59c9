import { expect } from 'chai';
import { addressOf, credentialsOf, launchOf, settingsOfFile } from '../../../src/databases/redis/launch.ts';

const settings = (words: readonly string[]) => Object.fromEntries(launchOf(words).settings);
const literal = (value: string) => ({ kind: 'literal', value });

describe('how a Redis container was started', () => {
  it('is read from the words of its command', () => {
    const launch = launchOf([
      'docker-entrypoint.sh', 'redis-server', '/etc/redis.conf', '--requirepass', 'a b"c', '--port', '7000',
    ]); // prettier-ignore
    expect(launch.configFile).to.equal('/etc/redis.conf');
    expect(Object.fromEntries(launch.settings)).to.deep.equal({
      requirepass: literal('a b"c'),
      port: literal('7000'),
    });
    expect(settings(['/entry', '--requirepass', 'x'])).to.deep.equal({ requirepass: literal('x') });
  });

  it('is read from the text of a shell: plain, a variable, a file', () => {
    const shell = (text: string) => settings(['/bin/sh', '-c', text])['requirepass'];
    expect(shell('exec redis-server --requirepass secret')).to.deep.equal(literal('secret'));
    expect(shell(`redis-server --requirepass 'a b' --appendonly yes`)).to.deep.equal(literal('a b'));
    expect(shell('redis-server --requirepass "$REDIS_PW"')).to.deep.equal({ kind: 'env', value: 'REDIS_PW' });
    expect(shell('redis-server --requirepass ${REDIS_PW}')).to.deep.equal({ kind: 'env', value: 'REDIS_PW' });
    expect(shell('redis-server --requirepass "$(cat /run/secrets/pw)"')).to.deep.equal({
      kind: 'file',
      value: '/run/secrets/pw',
    });
    expect(shell('redis-server --requirepass $(cat "/run/secrets/pw")')).to.deep.equal({
      kind: 'file',
      value: '/run/secrets/pw',
    });
    expect(launchOf(['sh', '-c', 'sleep 1; exec valkey-server /x.conf']).configFile).to.equal('/x.conf');
  });

  it('is read from its configuration file', () => {
    const file = settingsOfFile('# requirepass old\nrequirepass "one two"\nport 0\nunixsocket /run/r.sock\n');
    expect(file.get('requirepass')).to.deep.equal(literal('one two'));
    expect(settingsOfFile('user default on >first ~* +@all\n').get('requirepass')).to.deep.equal(
      literal('first'),
    );
    expect(addressOf(file, new Map())).to.deep.equal(['-s', '/run/r.sock']);
  });

  it('says where it listens', () => {
    const at = (text: string, env: [string, string][] = []) => addressOf(settingsOfFile(text), new Map(env));
    expect(at('')).to.deep.equal(['-h', '127.0.0.1', '-p', '6379']);
    expect(at('bind 127.0.0.1 -::1\nport 7777')).to.deep.equal(['-h', '127.0.0.1', '-p', '7777']);
    expect(at('bind 10.1.2.3')).to.deep.equal(['-h', '10.1.2.3', '-p', '6379']);
    expect(at('', [['REDIS_PORT_NUMBER', '6380']])).to.deep.equal(['-h', '127.0.0.1', '-p', '6380']);
    expect(at('port 0\ntls-port 6379')).to.equal(undefined);
  });

  it('gives the passwords to try, those that are sure first', () => {
    const tried = (own: string, env: Record<string, string>) =>
      credentialsOf(settingsOfFile(own), new Map(Object.entries(env))).map(
        ({ user, secret }) => `${user ?? ''}:${secret.kind}:${secret.value}`,
      );
    expect(tried('', {})).to.deep.equal([':none:']);
    expect(tried('requirepass x', { REDIS_PASSWORD: 'y' })).to.deep.equal([
      ':literal:x', ':none:', ':env:REDIS_PASSWORD',
    ]); // prettier-ignore
    expect(tried('', { REDIS_PASSWORD_FILE: '/run/secrets/p', REDIS_USERNAME: 'app' })).to.deep.equal([
      'app:file:/run/secrets/p', ':none:', ':file:/run/secrets/p',
    ]); // prettier-ignore
  });
});
