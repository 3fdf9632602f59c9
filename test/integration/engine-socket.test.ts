import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { directCompose } from '../../src/docker/compose-plugin.ts';
import { listContainersArgv } from '../../src/docker/containers.ts';
import { isCutOff, ProcessRunner, type Argv, type RunResult } from '../../src/docker/runner.ts';
import { engineSocket } from '../../src/docker/socket/endpoint.ts';
import { NAMES_AND_MOUNTS } from '../../src/docker/volumes.ts';
import { docker, dockerConfig } from '../e2e/installed.ts';
import { makeContexts } from './contexts.ts';
import { DataProject, HELPER_IMAGE } from './volumes/data-project.ts';
import { SocketProxy, type SocketFault } from './socket-proxy.ts';
import { within } from './within-env.ts';
import { until } from './world.ts';

const asked = (argv: Argv, env: Readonly<Record<string, string>>): Promise<RunResult> =>
  within(env, () => new ProcessRunner().run(argv));

describe('the engine, asked over its socket', () => {
  let project: DataProject;
  let proxy: SocketProxy;
  let byProxy: { DOCKER_HOST: string };
  let id: string;
  before(async () => {
    project = await DataProject.make();
    proxy = await SocketProxy.make();
    byProxy = { DOCKER_HOST: `unix://${proxy.path}` };
    id = (await project.containers('web'))[0]?.id ?? '';
  });
  beforeEach(() => {
    proxy.fault = 'none';
    proxy.asked = [];
  });
  after(async () => {
    proxy.close();
    await project.remove();
  });

  const questions = (): Argv[] => [
    listContainersArgv(project.name),
    ['docker', 'ps', '--no-trunc', '--filter', `volume=${project.name}_data`, '--format', NAMES_AND_MOUNTS],
    [
      'docker',
      'ps',
      '--quiet',
      '--no-trunc',
      '--filter',
      'status=exited',
      '--filter',
      `name=${project.name}`,
    ],
    ['docker', 'container', 'inspect', id],
    ['docker', 'container', 'inspect', id, id],
    ['docker', 'image', 'inspect', HELPER_IMAGE],
    ['docker', 'volume', 'ls', '--quiet', '--filter', `label=com.docker.compose.project=${project.name}`],
    ['docker', 'volume', 'inspect', `${project.name}_data`],
  ];

  it('says what docker says', async () => {
    for (const argv of questions()) {
      proxy.asked = [];
      const over = await asked(argv, byProxy);
      expect(proxy.asked, argv.join(' ')).not.to.deep.equal([]);
      const through = await asked(argv, { REWIND_THROUGH_DOCKER: '1' });
      expect(over.exitCode).to.equal(0);
      if (argv.includes('inspect')) expect(JSON.parse(over.stdout)).to.deep.equal(JSON.parse(through.stdout));
      else expect(over.stdout.split('\n').sort()).to.deep.equal(through.stdout.split('\n').sort());
    }
  });

  it('says what docker says about what is not there', async () => {
    const missing: Argv[] = [
      ['docker', 'container', 'inspect', id, 'no-such-thing'],
      ['docker', 'container', 'inspect', 'no-such-thing'],
      ['docker', 'volume', 'inspect', 'no-such-thing'],
      ['docker', 'image', 'inspect', 'no-such-thing:v1'],
      ['docker', 'image', 'inspect', '../containers/json'],
      ['docker', 'volume', 'inspect', `${project.name}_data`, 'no-such-thing'],
      ['docker', 'volume', 'rm', 'no-such-thing'],
      ['docker', 'container', 'start', 'no-such-thing'],
      ['docker', 'container', 'stop', 'no-such-thing'],
    ];
    for (const argv of missing)
      expect(await asked(argv, byProxy)).to.deep.equal(await asked(argv, { REWIND_THROUGH_DOCKER: '1' }));
  });

  for (const fault of ['none', 'refuse', 'error', 'lost', 'cut'] satisfies SocketFault[]) {
    it(`comes to the same where its socket does this: ${fault}`, async () => {
      proxy.fault = fault;
      for (const argv of questions())
        expect((await asked(argv, byProxy)).exitCode, argv.join(' ')).to.equal(0);
      const name = `${project.name}-made`;
      const labels = ['--label', 'a=b,c=d', '--label', 'e='];
      const made = await asked(['docker', 'volume', 'create', ...labels, name], byProxy);
      expect(made).to.deep.equal({ exitCode: 0, stdout: `${name}\n`, stderr: '' });
      const { stdout } = await docker(['volume', 'inspect', '--format', '{{json .Labels}}', name]);
      expect(JSON.parse(stdout)).to.deep.equal({ a: 'b,c=d', e: '' });
      await asked(['docker', 'volume', 'rm', name], byProxy);
      expect((await docker(['volume', 'inspect', name])).exitCode).to.equal(1);

      expect((await asked(['docker', 'container', 'stop', id], byProxy)).exitCode).to.equal(0);
      expect((await project.containers('web'))[0]?.status).to.equal('exited');
      expect((await asked(['docker', 'container', 'start', id], byProxy)).exitCode).to.equal(0);
      expect((await project.containers('web'))[0]?.status).to.equal('running');

      proxy.asked = [];
      const { exitCode, document } = await project.json(['backup'], { env: byProxy });
      expect(exitCode, JSON.stringify(document)).to.equal(0);
      expect(proxy.asked.length).to.be.above(5);
      const restored = await project.rewind(['restore', document.id, '--yes'], { env: byProxy });
      expect(restored.exitCode, restored.stderr).to.equal(0);
    });
  }

  describe('a program in a container', () => {
    const exec = (script: string, ...flags: string[]): Argv => [
      'docker', 'exec', ...flags, id, 'sh', '-c', script, 'x', 'a b', '',
    ]; // prettier-ignore

    it('is run as docker runs it', async () => {
      const argvs: [Argv, string?][] = [
        [exec('echo "$1|$2|$#"; echo why >&2; exit 3')],
        [exec('id -u; id -g', '--user', '65534:1')],
        [exec('cat', '--interactive'), 'fed\nand more'],
        [exec('cat', '--interactive')],
        [exec('exit 0', '--interactive'), 'x'.repeat(3_000_000)],
        [exec('head -c 5000000 /dev/zero | tr "\\0" é; printf "no end"')],
        [exec('kill -9 $$')],
        [exec('exec 1>&- 2>&-; usleep 500000; exit 9')],
        [['docker', 'exec', id, 'no-such-program', 'x']],
        [['docker', 'exec', '--user', 'nobody-at-all', id, 'true']],
        [['docker', 'exec', `${project.name}-gone`, 'true']],
      ];
      for (const [argv, input] of argvs) {
        proxy.asked = [];
        const options = input === undefined ? {} : { input };
        const over = await within(byProxy, () => new ProcessRunner().run(argv, options));
        expect(proxy.asked.join(), argv.join(' ')).to.contain('/exec');
        const through = await within({ REWIND_THROUGH_DOCKER: '1' }, () =>
          new ProcessRunner().run(argv, options),
        );
        // docker does not wait for a program that has closed its outputs, and takes that for a success.
        if (argv.join().includes('exit 9')) through.exitCode = 9;
        expect(over, argv.join(' ')).to.deep.equal(through);
      }
    });

    it('says every line as it comes, and goes on as long as it takes', async () => {
      const heard: string[] = [];
      const argv = exec('echo one; echo two >&2; usleep 3000000; printf three');
      const env = { ...byProxy, REWIND_ANSWER_WITHIN: '1' };
      const { exitCode } = await within(env, () =>
        new ProcessRunner().run(argv, { onLine: (line) => heard.push(line) }),
      );
      expect(exitCode).to.equal(0);
      expect(heard).to.have.members(['one', 'two', 'three']);
      expect(heard.at(-1)).to.equal('three');
    });

    it('moves data both ways between streams, byte by byte', async () => {
      const content = randomBytes(20_000_000);
      const { result, value } = await within(byProxy, () =>
        new ProcessRunner().stream(exec('echo begun >&2; cat', '--interactive'), {
          input: Readable.from([content.subarray(0, 7), content.subarray(7)]),
          output: async (stdout) => Buffer.concat((await stdout.toArray()) as Buffer[]),
          signal: new AbortController().signal,
        }),
      );
      expect(result).to.deep.equal({ exitCode: 0, stdout: '', stderr: 'begun\n' });
      expect(value?.equals(content)).to.equal(true);
    });

    it('is cut off where its connection is, or its container is killed', async () => {
      proxy.cutAfter = 1000;
      const flood = exec('yes');
      const cut = await asked(flood, byProxy);
      proxy.cutAfter = undefined;
      expect(cut.exitCode).to.equal(255);
      expect(isCutOff(cut)).to.equal(true);
      const running = asked(exec('echo $$ >/tmp/runs; sleep 600'), byProxy);
      const there = ['exec', id, 'test', '-s', '/tmp/runs'];
      await until('it runs', async () => (await docker(there)).exitCode === 0);
      await docker(['container', 'kill', id]);
      expect(isCutOff(await running)).to.equal(true);
      await docker(['container', 'start', id]);
    });

    it('is left with the signal, and by a reader that gives up', async () => {
      const control = new AbortController();
      const stream = within(byProxy, () =>
        new ProcessRunner().stream(exec('yes'), {
          output: async (stdout) => {
            for await (const _ of stdout) control.abort(new Error('enough'));
          },
          signal: control.signal,
        }),
      );
      expect(await stream.catch((error: Error) => error.message)).to.equal('enough');
      const full = within(byProxy, () =>
        new ProcessRunner().stream(exec('yes'), {
          output: async () => {
            throw new Error('the disk is full');
          },
          signal: new AbortController().signal,
        }),
      );
      expect(await full.catch((error: Error) => error.message)).to.equal('the disk is full');
      const aborted = new AbortController();
      const run = within(byProxy, () =>
        new ProcessRunner().run(exec('echo begun; sleep 600'), {
          onLine: () => aborted.abort(),
          signal: aborted.signal,
        }),
      );
      expect((await run).exitCode).to.equal(128);
    });

    for (const fault of ['refuse', 'error', 'lost', 'cut'] satisfies SocketFault[]) {
      it(`is never run twice where the socket does this: ${fault}`, async () => {
        proxy.fault = fault;
        // One each: what nobody waits for any more may be late.
        const count = `/tmp/count.${fault}`;
        for (const only of ['/containers/', '/exec/']) {
          proxy.only = only;
          await asked(exec(`echo run >>${count}`), byProxy);
        }
        proxy.only = '';
        const { stdout } = await docker(['exec', id, 'cat', count]);
        // Not at all where nobody knows whether the engine has heard of it.
        expect(stdout.split('\n').length - 1).to.be.within(1, 2);
      });
    }
  });

  it('says so where it never answers, and changes nothing', async () => {
    proxy.fault = 'hang';
    const { exitCode, stderr } = await project.rewind(['backup'], {
      env: { ...byProxy, REWIND_ANSWER_WITHIN: '2' },
    });
    expect(stderr).to.match(/gave no answer within 2 seconds/);
    expect(exitCode).to.equal(1);
    expect((await project.containers('web'))[0]).to.include({ id, status: 'running' });
  });

  it('is given up with its signal, whatever it hangs at', async () => {
    for (const fault of ['hang', 'silent'] as const) {
      proxy.fault = fault;
      const control = new AbortController();
      const given = within(byProxy, () =>
        new ProcessRunner().run(['docker', 'container', 'inspect', id], { signal: control.signal }),
      );
      control.abort();
      expect(await given).to.deep.equal({ exitCode: 128, stdout: '', stderr: '' });
    }
  });

  it('is found where docker finds it, and left to docker everywhere else', async () => {
    const contexts = await makeContexts();
    const config = contexts.env.DOCKER_CONFIG;
    const socket = 'unix:///tmp/some.sock';
    const cases: [string[], Record<string, string>][] = [
      [[], {}],
      [['--context', 'near'], {}],
      [['--context', 'far'], {}],
      [['--context', 'default'], {}],
      [['--context', 'near'], { DOCKER_HOST: socket }],
      [['--context', 'default'], { DOCKER_HOST: socket }],
      [['--host', socket], { DOCKER_HOST: 'tcp://127.0.0.1:9', DOCKER_CONTEXT: 'near' }],
      [[], { DOCKER_HOST: socket, DOCKER_CONTEXT: 'near' }],
      [[], { DOCKER_HOST: 'ssh://me@far' }],
      [[], { DOCKER_CONTEXT: 'near' }],
      [[], { DOCKER_CONTEXT: 'far' }],
      [['--debug', '--log-level', 'error', '--config', config, '--context', 'near'], {}],
    ];
    const look = async (): Promise<void> => {
      for (const [globals, env] of cases) {
        const settings = { ...contexts.env, DOCKER_HOST: '', ...env };
        const told = await docker(
          [...globals, 'context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'],
          {
            env: settings,
          },
        );
        const host = told.stdout.trim();
        expect(engineSocket(globals, settings), [...globals, JSON.stringify(env)].join(' ')).to.equal(
          host.startsWith('unix://') ? host.slice('unix://'.length) : undefined,
        );
      }
    };
    await look();
    const current = (settings: object): void =>
      writeFileSync(join(config, 'config.json'), JSON.stringify(settings));
    for (const currentContext of ['near', 'far', 'default', '']) {
      current({ currentContext });
      await look();
    }
    current({ HttpHeaders: { 'X-Who': 'me' } });
    expect(engineSocket([], contexts.env)).to.equal(undefined);
    writeFileSync(join(config, 'config.json'), '{');
    expect(engineSocket([], contexts.env)).to.equal(undefined);
    mkdirSync(join(config, 'empty'));
    const empty = { DOCKER_CONFIG: join(config, 'empty') };
    expect(engineSocket([], empty)).to.equal('/var/run/docker.sock');
    expect(engineSocket(['--context', 'gone'], empty)).to.equal(undefined);
    expect(engineSocket(['--tls', '--host', socket], empty)).to.equal(undefined);
    expect(engineSocket(['--host', socket, '--host', socket], empty)).to.equal(undefined);
    for (const name of ['REWIND_THROUGH_DOCKER', 'DOCKER_API_VERSION', 'DOCKER_TLS_VERIFY'])
      expect(engineSocket([], { ...empty, [name]: '1' })).to.equal(undefined);
    contexts.close();
  });
});

describe('docker compose config, without docker', () => {
  let project: DataProject;
  before(async () => {
    project = await DataProject.make();
  });
  after(() => project.remove());

  it('comes to the same, and to what docker says where Compose cannot be started', async () => {
    const argvs: Argv[] = [
      ['docker', 'compose', '--profile', '*', 'config', '--format', 'json'],
      ['docker', 'compose', '--project-name', 'other', 'config', '--services'],
      ['docker', 'compose', '--file', 'gone.yml', 'config', '--services'],
      ['docker', 'compose', 'config', '--no-such-flag'],
      ['docker', 'compose', '--ansi', 'never', 'stop', '--', 'nobody'],
      ['docker', 'compose', '--ansi', 'never', '--progress', 'plain', 'up', '--detach', '--', 'nobody'],
    ];
    const config = (await dockerConfig()) ?? '';
    const broken = mkdtempSync(join(tmpdir(), 'rewind-config-'));
    mkdirSync(join(broken, 'cli-plugins'));
    writeFileSync(join(broken, 'cli-plugins', 'docker-compose'), 'no program\n', { mode: 0o755 });
    for (const argv of argvs) {
      const run = (env: Readonly<Record<string, string>>): Promise<RunResult> =>
        within(env, () => new ProcessRunner().run(argv, { cwd: project.directory }));
      const direct = directCompose(argv, [], { ...process.env, DOCKER_CONFIG: config });
      expect(direct?.program).to.match(/docker-compose$/);
      const through = await run({ REWIND_THROUGH_DOCKER: '1' });
      expect(await run({}), argv.join(' ')).to.deep.equal(through);
      // Of another docker that runs us: Compose must not take it for its own.
      expect(await run({ DOCKER_CLI_PLUGIN_SOCKET: '/nowhere' })).to.deep.equal(through);
      expect((await run({ DOCKER_CONFIG: broken })).exitCode).to.equal(
        (await run({ DOCKER_CONFIG: broken, REWIND_THROUGH_DOCKER: '1' })).exitCode,
      );
    }
    rmSync(broken, { recursive: true });
  });

  it('is left to docker where that may look elsewhere, or is asked about itself', () => {
    const config: Argv = ['docker', 'compose', 'config'];
    const empty = mkdtempSync(join(tmpdir(), 'rewind-config-'));
    expect(directCompose(config, ['--config', empty], {})?.args.slice(0, 3)).to.deep.equal([
      '--config', empty, 'compose',
    ]); // prettier-ignore
    expect(directCompose(['docker', 'compose', 'version'], [], { DOCKER_CONFIG: empty })).to.equal(undefined);
    expect(directCompose(['docker', 'ps'], [], { DOCKER_CONFIG: empty })).to.equal(undefined);
    expect(directCompose(config, [], { DOCKER_CONFIG: 'relative' })).to.equal(undefined);
    expect(directCompose(config, [], { DOCKER_CONFIG: empty, REWIND_THROUGH_DOCKER: '1' })).to.equal(
      undefined,
    );
    writeFileSync(join(empty, 'config.json'), JSON.stringify({ cliPluginsExtraDirs: ['/elsewhere'] }));
    expect(directCompose(config, [], { DOCKER_CONFIG: empty })).to.equal(undefined);
    writeFileSync(join(empty, 'config.json'), '{');
    expect(directCompose(config, [], { DOCKER_CONFIG: empty })).to.equal(undefined);
    rmSync(empty, { recursive: true });
  });
});
