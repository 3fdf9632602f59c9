import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { RedisProject } from './redis-project.ts';

const PASSWORD = `a "quoted" $word's`;

describe('the way into a Redis server', () => {
  let project: RedisProject;
  afterEach(() => project?.remove());

  /** No file that we wrote holds a text. */
  function expectNowhere(text: string): void {
    const search = (directory: string): void => {
      for (const name of readdirSync(directory)) {
        const path = join(directory, name);
        if (statSync(path).isDirectory()) search(path);
        else expect(readFileSync(path).includes(text), path).to.equal(false);
      }
    };
    search(project.path('.rewind'));
  }

  it('is a password on its command line, and it is written nowhere', async () => {
    project = await RedisProject.start({
      args: ['--requirepass', PASSWORD, '--masterauth', 'of another'],
      client: ['-a', PASSWORD, '--no-auth-warning'],
    });
    await project.fill(20);
    const before = await project.content();
    const settings = await project.settings();
    const { id } = await project.backup();
    await project.ask('FLUSHALL');
    const outcome = await project.must(['restore', id, '--yes', '--progress', 'plain']);
    expect(outcome.stdout + outcome.stderr).to.not.contain(PASSWORD);
    expect(await project.content()).to.equal(before);
    expect(await project.settings()).to.equal(settings);
    await project.clean();
    // The Compose file has it, and a restore point keeps the files as they are.
    for (const name of readdirSync(project.path('.rewind/points')))
      for (const part of ['manifest.json', 'databases'])
        expect(readPart(project.path(`.rewind/points/${name}/${part}`))).to.not.contain('quoted');
  });

  it('is in a file that its shell reads, or one that its environment names', async () => {
    project = new RedisProject();
    project.write('first.txt', 'from a file\n');
    project.write('second.txt', 'from another\n');
    project.writeFile({
      environment: { REDIS_PASSWORD_FILE: '/run/secrets/second' },
      service: ['secrets: [first, second]'],
      client: ['-a', 'from a file', '--no-auth-warning'],
      file: ['secrets:', '  first:', '    file: ./first.txt', '  second:', '    file: ./second.txt'],
    });
    const command = `exec redis-server --protected-mode no --repl-diskless-sync-delay 0 --requirepass "$$(cat /run/secrets/first)"`;
    project.write(
      'compose.yml',
      project.read('compose.yml').replace(/command: .*/, () => `entrypoint: ["sh", "-c", '${command}']`),
    );
    await project.up();
    await project.ask('SET', 'a', '1');
    expect((await project.backup()).databases[0].tables).to.deep.equal([{ name: 'db0', rows: 1 }]);
    await project.ask('CONFIG', 'SET', 'requirepass', 'from another');
    project.login(['-a', 'from another', '--no-auth-warning']);
    await project.ask('SET', 'b', '1');
    expect((await project.backup()).databases[0].tables).to.deep.equal([{ name: 'db0', rows: 2 }]);
    expectNowhere('from a file');
    expectNowhere('from another');
  });

  it('is a user of its own, who has the rights that the documentation lists', async () => {
    project = await RedisProject.start({
      environment: { REDIS_USERNAME: 'keeper', REDIS_PASSWORD: 'kept safe' },
    });
    await project.ask('ACL', 'SETUSER', 'root', 'on', '>root', '~*', '&*', '+@all');
    await project.ask(
      'ACL', 'SETUSER', 'keeper', 'on', '>kept safe',
      '+ping', '+echo', '+info', '+config', '+sync', '+psync', '+replconf', '+replicaof', '+client', '+module',
    ); // prettier-ignore
    await project.ask('ACL', 'SETUSER', 'default', 'off');
    project.login(['--user', 'root', '--pass', 'root', '--no-auth-warning']);
    await project.fill(20);
    const before = await project.content();
    const { id } = await project.backup();
    await project.ask('FLUSHALL');
    const { exitCode, document } = await project.restore(id);
    expect(exitCode, JSON.stringify(document)).to.equal(0);
    expect(await project.content()).to.equal(before);
    await project.clean();

    await project.ask('ACL', 'SETUSER', 'keeper', '-psync', '-sync');
    const denied = await project.json(['backup']);
    expect(denied.exitCode).to.equal(1);
    expect(JSON.stringify(denied.document))
      .to.match(/NOPERM/)
      .and.match(/needs SYNC, PSYNC/);

    await project.ask('ACL', 'SETUSER', 'keeper', 'resetpass', '>another');
    const wrong = await project.json(['backup']);
    expect(wrong.exitCode).to.equal(4);
    expect(JSON.stringify(wrong.document)).to.match(/cache cannot be reached.*WRONGPASS|NOAUTH/);
    expect(JSON.stringify(wrong.document)).to.not.contain('kept safe');
    expect(await project.content()).to.equal(before);
  });
});

function readPart(path: string): string {
  if (!statSync(path).isDirectory()) return readFileSync(path, 'utf8');
  return readdirSync(path)
    .map((name) => readPart(join(path, name)))
    .join('');
}
