import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { removeContainerArgv, runHelperArgv, type HelperSpec } from '../../src/docker/helper-container.ts';
import { ProcessRunner, type Held, type RunResult } from '../../src/docker/runner.ts';
import { docker } from '../e2e/installed.ts';
import { killSession } from './session.ts';
import { SocketProxy, type SocketFault } from './socket-proxy.ts';
import { startSession } from './start-session.ts';
import { DataProject, HELPER_IMAGE } from './volumes/data-project.ts';
import { within } from './within-env.ts';
import { until } from './world.ts';

const THROUGH_DOCKER = { REWIND_THROUGH_DOCKER: '1' };
// Says what it reads, and ends with it.
const ECHO = 'echo ready "$1"; while read -r line; do echo "$line" >"$2/$line"; done; exit 7';

describe('a container that goes with us', () => {
  let proxy: SocketProxy;
  let byProxy: Record<string, string>;
  let directory: string;
  const spec = (): HelperSpec => ({
    name: `rewind-held-${process.pid}`,
    mounts: [{ slug: 'odd', kind: 'bind', source: join(directory, 'a,"b" c') }],
    write: true,
  });
  const hold = (
    env: Record<string, string>,
    { script = ECHO, image = HELPER_IMAGE, of = spec() } = {},
  ): Promise<Held | RunResult> =>
    within(env, () =>
      new ProcessRunner().hold(runHelperArgv(of, image, join(directory, 'exchange'), script, ['--rm x'])),
    );
  const state = async (): Promise<{ Config: object; HostConfig: object } | undefined> => {
    const { stdout } = await docker(['container', 'inspect', spec().name]);
    return (JSON.parse(stdout) as never[])[0];
  };
  const gone = (): Promise<void> => until('it is gone', async () => (await state()) === undefined);
  const remove = (): Promise<unknown> => new ProcessRunner().run(removeContainerArgv(spec().name));

  before(async () => {
    proxy = await SocketProxy.make();
    byProxy = { DOCKER_HOST: `unix://${proxy.path}` };
    directory = mkdtempSync(join(tmpdir(), 'rewind-held-'));
    for (const name of ['exchange', 'a,"b" c']) mkdirSync(join(directory, name), { mode: 0o777 });
    writeFileSync(join(directory, 'a,"b" c', 'file'), 'content');
  });
  beforeEach(() => {
    proxy.fault = 'none';
    proxy.only = '';
    proxy.asked = [];
  });
  afterEach(remove);
  after(() => {
    proxy.close();
    rmSync(directory, { recursive: true });
  });

  /** What only one of the two has is left out. */
  const comparable = async (): Promise<object> => {
    const found = await state();
    if (found === undefined) throw new Error('there is no such container');
    const { Config, HostConfig } = found;
    return {
      Config: { ...Config, Hostname: '' },
      HostConfig: Object.fromEntries(Object.entries(HostConfig).filter(([, value]) => !isEmpty(value))),
    };
  };
  const isEmpty = (value: unknown): boolean =>
    ['null', '""', '0', '[]', '{}', '[0,0]'].includes(JSON.stringify(value));

  it('is the one that docker would run, with all that it may and may not', async () => {
    const found: object[] = [];
    for (const env of [byProxy, THROUGH_DOCKER]) {
      const held = (await hold(env)) as Held;
      expect(held.line).to.equal('ready --rm x');
      found.push(await comparable());
      held.release();
      expect(await held.ended).to.equal(7);
      expect(await state()).to.equal(undefined);
    }
    expect(found[0]).to.deep.equal(found[1]);
    expect(proxy.asked.some((question) => question.includes('/containers/create'))).to.equal(true);
  });

  it('hears what it is told, and sees what is mounted', async () => {
    const script =
      'cat /volumes/odd/file; echo; while read -r line; do echo "$line" >"/volumes/odd/$line"; done';
    const held = (await hold(byProxy, { script })) as Held;
    expect(held.line).to.equal('content');
    held.tell('told\n');
    await until(
      'it has heard',
      async () => (await docker(['exec', spec().name, 'test', '-s', '/volumes/odd/told'])).exitCode === 0,
    );
    held.release();
    expect(await held.ended).to.equal(0);
  });

  it('says why it does not run, as docker does', async () => {
    const missing = {
      ...spec(),
      mounts: [{ slug: 'none', kind: 'bind' as const, source: '/no/such/directory' }],
    };
    for (const options of [
      { image: 'no-such-image:v1' },
      { of: missing },
      { script: 'echo why >&2; exit 3' },
    ]) {
      const over = (await hold(byProxy, options)) as RunResult;
      await gone();
      expect(over).to.deep.equal(await hold(THROUGH_DOCKER, options));
      expect(over.exitCode).to.be.above(0);
      await gone();
    }
  });

  it('ends with its connection, and with its kill', async () => {
    const cut = (await hold(byProxy)) as Held;
    proxy.cutPrograms();
    await cut.ended;
    await gone();
    const killed = (await hold(byProxy)) as Held;
    await docker(['container', 'kill', spec().name]);
    expect(await killed.ended).to.equal(137);
  });

  for (const fault of ['refuse', 'error', 'lost', 'cut'] satisfies SocketFault[]) {
    for (const only of ['/create', '/attach', '/start', '/wait']) {
      it(`is there once where the socket does this to ${only}: ${fault}`, async () => {
        proxy.fault = fault;
        proxy.only = only;
        const held = await hold(byProxy);
        expect(proxy.asked.length).to.be.above(0);
        proxy.fault = 'none';
        if ('line' in held) {
          held.release();
          await held.ended;
          await gone();
        } else {
          // Nobody knows whether it was made; whoever holds it removes what has its name and tries again.
          expect(only).to.equal('/create');
          expect(held.stderr).to.match(/is already in use by container/);
        }
      });
    }
  }

  for (const only of ['/create', '/attach', '/start']) {
    it(`is not waited for where the engine hangs at ${only}`, async () => {
      proxy.fault = 'hang';
      proxy.only = only;
      const failure = await hold({ ...byProxy, REWIND_ANSWER_WITHIN: '2' }).catch((error: unknown) => error);
      expect(failure).to.include({ code: 'NO_ANSWER' });
      await gone();
    });
  }

  it('is cleared away by recover where we are killed before it has started', async () => {
    const project = await DataProject.make();
    try {
      for (const only of ['/create?name=rewind', '/attach', '/start']) {
        proxy.fault = 'hang';
        proxy.only = only;
        proxy.asked = [];
        const { leader, exit } = await startSession(['docker', 'rewind', 'backup'], {
          cwd: project.directory,
          env: byProxy,
        });
        await until(`it asks for ${only}`, async () => proxy.asked.length > 0);
        killSession(leader);
        await exit;
        for (const command of [['recover', '--yes'], ['backup']]) {
          const { exitCode, stderr } = await project.rewind(command);
          expect(exitCode, stderr).to.equal(0);
        }
        expect(await project.leftovers()).to.deep.equal([]);
      }
    } finally {
      await project.remove();
    }
  });
});
