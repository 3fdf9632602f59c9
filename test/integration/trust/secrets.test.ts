import { chownSync, lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect } from 'chai';
import type { RunOutcome } from '../../e2e/installed.ts';
import { TestProject } from '../project.ts';
import { PostgresProject } from '../databases/postgres-project.ts';
import { CallShim } from '../../faults/call-shim.ts';
import { killedAt } from '../../faults/faulty-run.ts';
import { DataProject } from '../volumes/data-project.ts';
import { ArgvWatch } from './argv-watch.ts';
import { stateFiles } from './state-directory.ts';

// Every secret has this in it, whatever it is a secret of.
const SECRET = 'hunter2';
const SAID_IN_COMMENT = `the password was ${SECRET}-comment`;

/** Everything that was written below `.rewind`, but the copies that a rollback of the configuration needs. */
function leaksOf(project: TestProject): string[] {
  const walk = (path: string): string[] =>
    lstatSync(path).isDirectory() ? readdirSync(path).flatMap((name) => walk(join(path, name))) : [path];
  const root = project.path('.rewind');
  return walk(root)
    .filter((path) => !relative(root, path).startsWith('compose/'))
    .filter((path) => readFileSync(path, 'latin1').replaceAll(SAID_IN_COMMENT, '').includes(SECRET))
    .map((path) => relative(root, path));
}

describe('secrets', () => {
  let project: PostgresProject;
  before(async () => {
    project = new PostgresProject();
    await project.image('v1');
    await project.image('v2');
    await project.image('bad', 'exits');
    write();
    await project.up();
    await project.sql('create database shop');
  });
  after(() => project.remove());

  function write(): void {
    writeFileSync(
      project.path('.env'),
      `DB_PASSWORD=${SECRET}-database\nOTHER='${SECRET}-other'\nTAG=v1\nAPI_KEY=${SECRET}-key\n`,
    );
    project.writeFile({
      environment: ['POSTGRES_PASSWORD: ${DB_PASSWORD:?}', `PLAIN: ${SECRET}-plain`],
      services: [
        'web:',
        `  image: ${project.repository}:\${TAG}`,
        '  stop_grace_period: 1s',
        '  environment:',
        `    - TOKEN=${SECRET}-token`,
        '    - OTHER',
        `    - DATABASE_URL=postgres://postgres:${SECRET}-url@db/shop`,
        '  volumes: [uploads:/uploads]',
      ],
    });
    const text = project
      .read('compose.yml')
      .replace('volumes:\n  db-data:', 'volumes:\n  uploads:\n  db-data:');
    project.write(
      'compose.yml',
      `${text}\n# the password was ${SECRET}-comment; DB_PASSWORD=${SECRET}-comment\n`,
    );
  }

  it('are in no argument, no output, no log, no history, no journal and no manifest of any command', async () => {
    const watch = new ArgvWatch(SECRET);
    const outcomes: [string, RunOutcome][] = [];
    const run = async (...args: string[]): Promise<RunOutcome> => {
      const outcome = await project.rewind(args);
      outcomes.push([args.join(' '), outcome]);
      return outcome;
    };
    const image = (tag: string): string => `web=${project.repository}:${tag}`;
    expect((await run('deploy', image('v1'), '--debug')).exitCode).to.equal(0);
    expect((await run('deploy', image('v2'), '--json', '--progress', 'json')).exitCode).to.equal(0);
    expect((await run('deploy', image('bad'), '--progress', 'plain')).exitCode).to.equal(1);
    expect((await run('set-image', image('v1'), '--dry-run')).stdout).to.include('TAG=');
    expect((await run('backup', '--debug', '--progress', 'plain')).exitCode).to.equal(0);
    expect((await run('rollback', '--yes')).exitCode).to.equal(0);
    expect((await run('restore', 'latest', '--yes')).exitCode).to.equal(0);
    for (const args of [
      ['inspect', 'latest'],
      ['history'],
      ['status'],
      ['show', 'v1'],
      ['list', '--json'],
      ['doctor', '--json'],
    ])
      await run(...args);
    await run('deploy', image('v1'), '--dry-run');
    await run('backup', '--dry-run', '--json');

    const found = await watch.end();
    expect(watch.looks).to.be.above(100);
    expect(found).to.deep.equal([]);
    for (const [line, { stdout, stderr }] of outcomes)
      expect((stdout + stderr).replaceAll(SAID_IN_COMMENT, ''), line).not.to.include(SECRET);
    expect(leaksOf(project)).to.deep.equal([]);
    for (const { path, mode, directory } of stateFiles(project))
      expect(mode.toString(8), path).to.equal(directory ? '700' : '600');
  });

  it('are in no journal, which a crash leaves behind', async () => {
    const shim = new CallShim();
    const up = { number: 1, pattern: 'docker compose * up *' };
    const args = ['deploy', `web=${project.repository}:v2`, '--no-backup'];
    await killedAt(project, shim, args, up, async () => {
      expect(readdirSync(project.path('.rewind/journal'))).to.have.lengthOf(1);
      expect(leaksOf(project)).to.deep.equal([]);
    });
    shim.remove();
    const { stdout, stderr } = await project.must(['recover', '--debug']);
    expect(stdout + stderr).not.to.include(SECRET);
  });

  it('are in no error about files that cannot be read', async () => {
    const good = { compose: project.read('compose.yml'), env: project.read('.env') };
    const broken: [string, string][] = [
      ['compose.yml', good.compose.replace(`${SECRET}-plain`, `${SECRET}\${`)],
      ['compose.yml', good.compose.replace('services:', `services:\n  web2: ${SECRET}`)],
      ['.env', `my pass@word=${SECRET}\n${good.env}`],
      ['.env', `A="${SECRET}\n${good.env}`],
    ];
    for (const [name, text] of broken) {
      project.write(name, text);
      for (const args of [['status'], ['deploy', '--json', '--debug', 'web=a:1'], ['set-image', 'web=a:1']]) {
        const { exitCode, stdout, stderr } = await project.rewind(args);
        expect(exitCode, stderr).to.be.above(0);
        expect(stdout + stderr, args.join(' ')).not.to.include(SECRET);
      }
      project.write('compose.yml', good.compose);
      project.write('.env', good.env);
    }
  });
});

describe('secrets of MariaDB and Redis', () => {
  const project = new TestProject();
  after(async () => {
    await project.docker(['compose', 'down', '-v', '-t', '0']);
    await project.remove();
  });

  it('are in no argument, no output and no file of a backup and a restore', async () => {
    const checked = { start_period: '120s', start_interval: '200ms', interval: '1h' };
    project.write('.env', `MARIADB_SECRET=${SECRET}-mariadb\nREDIS_SECRET=${SECRET}-redis\n`);
    // In an argument of the server itself everybody would see it, whatever we do.
    const start = 'echo "requirepass $$REDIS_PASSWORD" >/tmp/redis.conf; exec redis-server /tmp/redis.conf';
    const services = {
      db: {
        image: 'rewind-test/mariadb:10.11',
        environment: { MARIADB_ROOT_PASSWORD: '${MARIADB_SECRET:?}', MARIADB_DATABASE: 'shop' },
        volumes: ['db-data:/var/lib/mysql'],
        healthcheck: { test: 'mariadb-admin --host=127.0.0.1 --user=nobody ping', ...checked },
      },
      cache: {
        image: 'rewind-test/redis:7',
        entrypoint: ['sh', '-c', start],
        environment: { REDIS_PASSWORD: '${REDIS_SECRET:?}' },
        volumes: ['cache-data:/data'],
        healthcheck: { test: 'redis-cli ping | grep -q NOAUTH', ...checked },
      },
    };
    const volumes = { 'db-data': {}, 'cache-data': {} };
    project.write('compose.yml', JSON.stringify({ name: project.name, services, volumes }));
    const up = await project.docker(['compose', 'up', '-d', '--wait', '--no-build', '--pull', 'never']);
    expect(up.exitCode, up.stderr).to.equal(0);

    const watch = new ArgvWatch(SECRET);
    const outcomes = [
      await project.must(['backup', '--debug', '--progress', 'plain']),
      await project.must(['restore', 'latest', '--yes', '--no-safety-backup', '--progress', 'json']),
    ];
    const found = await watch.end();
    expect(watch.looks).to.be.above(100);
    expect(found).to.deep.equal([]);
    for (const { stdout, stderr } of outcomes) expect(stdout + stderr).not.to.include(SECRET);
    expect(leaksOf(project)).to.deep.equal([]);
    const { document } = await project.json(['inspect', 'latest']);
    expect(document.databases.map(({ service }: any) => service)).to.have.members(['db', 'cache']);
  });
});

describe('what root makes in somebody’s project', () => {
  let project: DataProject;
  after(() => project.remove());

  it('belongs to the owner of the project, and nobody else can read it', async () => {
    project = await DataProject.make();
    // Whoever runs the tests without being root has nothing to give away.
    const root = process.getuid?.() === 0;
    const owner = root ? { uid: 4321, gid: 8765 } : { uid: process.getuid?.(), gid: process.getgid?.() };
    if (root) for (const path of ['.', 'compose.yml']) chownSync(project.path(path), 4321, 8765);
    const check = (): void => {
      for (const { path, mode, directory, uid, gid } of stateFiles(project)) {
        expect({ uid, gid }, path).to.deep.equal(owner);
        expect(mode.toString(8), path).to.equal(directory ? '700' : '600');
      }
    };
    const image = await project.image('v1');
    await project.must(['deploy', `web=${image}`]);
    check();
    const { uid, gid } = lstatSync(project.path('compose.yml'));
    expect({ uid, gid }).to.deep.equal(owner);
    const { id } = await project.backup();
    check();
    await project.must(['restore', id, '--yes']);
    check();
  });
});
