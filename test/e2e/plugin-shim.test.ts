import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { expect } from 'chai';
import { docker, dockerConfig, rewind, ROOT, run, SHIM } from './installed.ts';

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };

describe('the plugin', () => {
  let directory: string;

  before(async () => {
    await dockerConfig();
    directory = mkdtempSync(join(tmpdir(), 'docker-rewind-shim-'));
  });
  after(() => rmSync(directory, { recursive: true }));

  /** A program that is found as `name` and behaves as the shell script says. */
  function program(name: string, script: string): string {
    const path = join(directory, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  describe('handshake', () => {
    const metadata = {
      SchemaVersion: '0.1.0',
      Vendor: 'docker-rewind',
      Version: version,
      ShortDescription: 'Deploy images with Compose, and go back in one command',
    };

    it('says who it is, with the version of package.json', async () => {
      const { stdout, exitCode } = await run(SHIM, ['docker-cli-plugin-metadata']);
      expect(exitCode).to.equal(0);
      expect(JSON.parse(stdout)).to.deep.equal(metadata);
    });

    it('starts no other program for it', async () => {
      const env = { PATH: join(directory, 'empty'), DOCKER_REWIND_NODE: '/nowhere' };
      const { stdout } = await run('/bin/sh', [SHIM, 'docker-cli-plugin-metadata'], { env });
      expect(JSON.parse(stdout)).to.deep.equal(metadata);
    });

    it('appears in docker --help and docker info', async () => {
      expect((await docker(['--help'])).stdout).to.match(/rewind\* +Deploy images with Compose/);
      const { stdout } = await docker([
        'info',
        '--format',
        '{{range .ClientInfo.Plugins}}{{.Name}} {{.Version}}\n{{end}}',
      ]);
      expect(stdout.split('\n')).to.include(`rewind ${version}`);
    });
  });

  describe('through links', () => {
    const reached = { stdout: `docker-rewind ${version}\n`, stderr: '', exitCode: 0 };

    it('works through an absolute, a relative and a chained link, and through a link of its directory', async () => {
      const absolute = join(directory, 'absolute');
      symlinkSync(SHIM, absolute);
      const nested = join(directory, 'nested');
      mkdirSync(nested);
      const relativeLink = join(nested, 'relative');
      symlinkSync(relative(nested, SHIM), relativeLink);
      const chain = join(directory, 'chain');
      symlinkSync('nested/relative', chain);
      symlinkSync(dirname(SHIM), join(directory, 'bin'));
      for (const path of [SHIM, absolute, relativeLink, chain, join(directory, 'bin', 'docker-rewind')]) {
        expect(await run(path, ['--version']), path).to.deep.equal(reached);
      }
      expect(await run('./chain', ['--version'], { cwd: directory })).to.deep.equal(reached);
      expect(await run('sh', ['docker-rewind', '--version'], { cwd: dirname(SHIM) })).to.deep.equal(reached);
    });

    it('works where readlink knows no -f', async () => {
      program(
        'old/readlink',
        `[ "$1" != -f ] && exec /usr/bin/env -u PATH PATH=/usr/bin:/bin readlink "$1"; exit 1`,
      );
      const link = join(directory, 'old', 'link');
      mkdirSync(join(directory, 'old', 'deep'));
      symlinkSync('deep/further', link);
      symlinkSync(SHIM, join(directory, 'old', 'deep', 'further'));
      const env = { PATH: `${join(directory, 'old')}:${process.env['PATH'] ?? ''}` };
      expect(await run(link, ['--version'], { env })).to.deep.equal(reached);
    });

    it('works in a directory with spaces, quotes and a leading dash', async () => {
      const odd = join(directory, `-a 'b" $c`);
      mkdirSync(odd);
      symlinkSync(SHIM, join(odd, 'docker-rewind'));
      expect(await run(join(odd, 'docker-rewind'), ['--version'])).to.deep.equal(reached);
    });
  });

  describe('without a suitable Node', () => {
    /** The shim as somebody without our node_modules has it. */
    function elsewhere(): string {
      return program('package/bin/docker-rewind', readFileSync(SHIM, 'utf8').replace('#!/bin/sh\n', ''));
    }

    it('says in one line that there is none', async () => {
      // Nothing of this machine may be found: neither in PATH nor in the usual places.
      const script = readFileSync(SHIM, 'utf8').replaceAll(
        /\/(usr\/local|opt\/homebrew)\/bin\/node/g,
        '/nowhere/node',
      );
      const shim = program('bare/bin/docker-rewind', script);
      const result = await run('/bin/sh', [shim, 'history'], {
        env: { PATH: directory, DOCKER_REWIND_NODE: undefined },
      });
      expect(result.exitCode).to.equal(1);
      expect(result.stderr).to.match(
        /^docker rewind: Node\.js was not found: install version 22\.22\.2, 24\.15 or later.*\n$/,
      );
    });

    it('says in one line that the one asked for is none', async () => {
      const result = await run(SHIM, ['history'], { env: { DOCKER_REWIND_NODE: '/nowhere/node' } });
      expect(result.exitCode).to.equal(1);
      expect(result.stderr).to.equal(
        'docker rewind: DOCKER_REWIND_NODE=/nowhere/node is no program that can be run\n',
      );
    });

    for (const old of ['20.20.2', '22.22.1', '23.11.0', '24.14.9', '18.0.0']) {
      it(`says in one line that Node ${old} is too old`, async () => {
        const preload = join(directory, `old-${old}.cjs`);
        writeFileSync(preload, `Object.defineProperty(process, 'versions', { value: { node: '${old}' } })`);
        const node = program(`old-node-${old}`, `exec '${process.execPath}' --require '${preload}' "$@"`);
        const result = await run(SHIM, ['history'], { env: { DOCKER_REWIND_NODE: node } });
        expect(result.exitCode).to.equal(1);
        expect(result.stderr).to.match(/^docker rewind: Node \S+ \(.*\) is too old: .* is needed; .*\n$/);
        expect(result.stderr).to.contain(old);
      });
    }

    it('takes the first Node that there is: asked for, own, of the npm that installed it, in PATH', async () => {
      const shim = elsewhere();
      const installed = program(
        'prefix/lib/node_modules/docker-rewind/bin/docker-rewind',
        readFileSync(SHIM, 'utf8').replace('#!/bin/sh\n', ''),
      );
      program('prefix/bin/node', 'echo prefix');
      program('path/nodejs', 'echo nodejs');
      const env = { PATH: `${join(directory, 'path')}:/usr/bin:/bin`, DOCKER_REWIND_NODE: undefined };
      const asked = program('asked', 'echo asked "$@"');
      expect((await run(installed, [], { env })).stdout).to.equal('prefix\n');
      expect((await run(installed, [], { env: { ...env, DOCKER_REWIND_NODE: asked } })).stdout).to.match(
        /^asked -- \//,
      );
      program('package/node_modules/.bin/node', 'echo own');
      expect((await run(shim, [], { env })).stdout).to.equal('own\n');
    });

    it('says in one line that a checkout was not built', async () => {
      const shim = elsewhere();
      for (const file of ['run.js', 'start.js']) {
        writeFileSync(join(dirname(shim), file), readFileSync(join(ROOT, 'bin', file)));
      }
      writeFileSync(join(directory, 'package', 'package.json'), '{"type":"module"}');
      const result = await run(shim, ['history'], { env: { DOCKER_REWIND_NODE: process.execPath } });
      expect(result.exitCode).to.equal(1);
      expect(result.stderr).to.match(
        /^docker rewind: not built yet: run `npm ci` or `npm run build` in .*\n$/,
      );
    });
  });

  it("passes docker's own flags on to docker", async () => {
    const record = program('fake/docker', `echo "$@" >>'${directory}/calls'; exit 1`);
    const env = { PATH: `${dirname(record)}:${process.env['PATH'] ?? ''}` };
    await run(SHIM, ['--context', 'far', '-D', 'rewind', 'doctor'], { env });
    const calls = readFileSync(join(directory, 'calls'), 'utf8').trim().split('\n');
    expect(calls).to.not.be.empty;
    for (const call of calls) expect(call).to.match(/^--context far --debug /);
  });

  it('reaches the engine that docker was told of', async () => {
    const result = await docker(['-H', 'tcp://127.0.0.1:1', 'rewind', 'doctor', '--json']);
    expect(result.exitCode).to.equal(1);
    const { checks } = JSON.parse(result.stdout) as { checks: { name: string; status: string }[] };
    expect(checks.find(({ name }) => name === 'engine')?.status).to.equal('fail');
  });

  it('keeps --env-file from Node, which would load it', async () => {
    const { exitCode, stderr } = await rewind(['history', '--env-file', '/nowhere.env', '--json'], {
      cwd: '/',
    });
    expect(exitCode).to.equal(2);
    expect(stderr).to.equal('');
  });

  it('keeps its exit code through docker', async () => {
    expect((await rewind(['no-such-verb'])).exitCode).to.equal(2);
  });
});
