import { expect } from 'chai';
import { isRunning, listContainers, parseContainers } from '../../../src/docker/containers.ts';
import { RewindError } from '../../../src/errors.ts';
import type { Argv, RunResult } from '../../../src/docker/runner.ts';

const inspected = (name: string, more: { state?: object; config?: object; host?: object } = {}): object => ({
  Id: `id-${name}`,
  Name: `/${name}`,
  Image: 'sha256:aa',
  RestartCount: 0,
  Config: {
    Image: 'shop/web:1',
    Labels: {
      'com.docker.compose.service': 'web',
      'com.docker.compose.container-number': '2',
      'com.docker.compose.config-hash': 'h',
    },
    ...more.config,
  },
  HostConfig: { RestartPolicy: { Name: 'no' }, ...more.host },
  State: { Status: 'running', ExitCode: 0, FinishedAt: '0001-01-01T00:00:00Z', ...more.state },
});
const parse = (...entries: object[]) => parseContainers(JSON.stringify(entries));
const result = (exitCode: number, stdout: string, stderr = ''): RunResult => ({ exitCode, stdout, stderr });

describe('containers as the engine describes them', () => {
  it('are read with what matters here', () => {
    expect(parse(inspected('web-2'))[0]).to.deep.equal({
      id: 'id-web-2', name: 'web-2', service: 'web', number: 2, image: 'shop/web:1', imageId: 'sha256:aa',
      status: 'running', exitCode: 0, finishedAt: '0001-01-01T00:00:00Z', restartCount: 0, stopTimeout: 10, serves: false, configHash: 'h',
      mounts: [],
    }); // prettier-ignore
  });

  it('know health checks, ports and restart policies: these serve', () => {
    const serving = [
      inspected('a', { state: { Health: { Status: 'healthy' } } }),
      inspected('b', { config: { Labels: {}, ExposedPorts: { '80/tcp': {} } } }),
      inspected('c', { host: { RestartPolicy: { Name: 'unless-stopped' } } }),
    ];
    for (const entry of serving) expect(parse(entry)[0]?.serves).to.equal(true);
    expect(parse(serving[0]!)[0]?.health).to.equal('healthy');
    expect(parse(inspected('d', { state: { Health: { Status: 'none' } } }))[0]?.health).to.equal(undefined);
  });

  it('are as their last check said where none was made since a pause', () => {
    const health = (FailingStreak: number, ExitCode: number) => ({
      state: { Health: { Status: 'unhealthy', FailingStreak, Log: [{ Start: '', ExitCode }] } },
      config: { Labels: {}, Healthcheck: { Interval: 3_600_000_000_000 } },
    });
    expect(parse(inspected('a', health(0, 0)))[0]).to.include({ health: 'healthy', uncheckedMs: 3_600_000 });
    const failed = parse(inspected('b', health(3, 1)))[0];
    expect(failed?.health).to.equal('unhealthy');
    expect(failed).to.not.have.property('uncheckedMs');
  });

  it('run while they are paused or start again', () => {
    const running = ['running', 'paused', 'restarting', 'exited', 'created', 'dead'].filter((Status) =>
      isRunning(parse(inspected('x', { state: { Status } }))[0]!),
    );
    expect(running).to.deep.equal(['running', 'paused', 'restarting']);
  });

  it('are asked for again when one went away in between', async () => {
    const answers = [
      result(0, 'a\nb\n'),
      result(1, '[]', 'Error response from daemon: No such container: b'),
      result(0, 'a\n'),
      result(0, JSON.stringify([inspected('a')])),
    ];
    const asked: Argv[] = [];
    const runner = { run: async (argv: Argv) => (asked.push(argv), answers.shift()!) };
    expect((await listContainers(runner, 'shop')).map((entry) => entry.name)).to.deep.equal(['a']);
    expect(asked).to.have.length(4);
    expect(asked[0]).to.include('label=com.docker.compose.project=shop');
  });

  it('cannot be asked for without an engine, and that is said', async () => {
    const answer = result(
      1,
      '',
      'Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?',
    );
    const error = await listContainers({ run: async () => answer }, 'shop').catch(
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(RewindError);
    expect(error).to.include({ code: 'ENGINE_UNREACHABLE', exitCode: 1 });
  });
});
