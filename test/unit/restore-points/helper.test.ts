import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { ProcessRunner, type Runner } from '../../../src/docker/runner.ts';
import { ensureHelper, removeHelper, type Helper } from '../../../src/restore-points/volume/helper.ts';
import { JOB, START } from '../../../src/restore-points/volume/scripts.ts';

const never = new AbortController().signal;
const SPEC = { name: 'helper', write: true, mounts: [] };

/** Its first process runs on this host: no container is needed to see how it gets on with us. */
describe('a helper', () => {
  let work = '';
  let shells: ChildProcess[] = [];
  /** What happens when it is told of a job. */
  let tell: (shell: ChildProcess, text: string) => void;
  const runner: Runner = {
    run: async () => ({ exitCode: 0, stdout: '', stderr: '' }),
    pour: (file, pipe) => new ProcessRunner().pour(file, pipe),
    hold: async () => {
      const exchange = join(work, 'exchange', 'write');
      const shell = spawn('sh', ['-c', START, 'rewind', JOB, exchange], {
        stdio: ['pipe', 'pipe', 'inherit'],
        detached: true,
      });
      shells.push(shell);
      await once(createInterface(shell.stdout), 'line');
      const ended = once(shell, 'exit').then(([code]) => (code ?? 128) as number);
      return {
        line: 'ready gnu',
        tell: (text) => tell(shell, text),
        release: () => shell.stdin.end(),
        ended,
      };
    },
  };
  const ensure = (): Promise<Helper> => ensureHelper(runner, work, SPEC, 'image');
  const kill = (shell: ChildProcess): boolean => process.kill(-(shell.pid as number), 'SIGKILL');

  beforeEach(() => {
    work = mkdtempSync(join(tmpdir(), 'rewind-work-'));
    shells = [];
    tell = (shell, text) => shell.stdin?.write(text);
  });
  afterEach(async () => {
    for (const shell of shells) {
      if (shell.exitCode !== null || shell.signalCode !== null) continue;
      const gone = once(shell, 'exit');
      kill(shell);
      await gone;
    }
    rmSync(work, { recursive: true });
  });

  const failureOf = async (running: Promise<unknown>): Promise<unknown> =>
    running.then(
      () => undefined,
      (error: unknown) => error,
    );

  it('runs a script with its arguments as they are', async () => {
    const said = await (await ensure()).ask('printf "%s|" "$@"', ['a b', "it's\n", '$x', '', 'ä'], never);
    expect(said).to.equal("a b|it's\n|$x||ä|");
  });

  it('runs many at a time, each between its own streams', async () => {
    const helper = await ensure();
    const runs = Array.from({ length: 16 }, async (_, number) => {
      const content = Buffer.alloc(300_000, `${number} `);
      const heard: string[] = [];
      const { report, result } = await helper.run(
        'cat; echo "said $1" >&2; echo "rewind: cat $1" >&2; exit "$1"',
        [String(number)],
        {
          input: Readable.from([content]),
          output: async (stream) => {
            const chunks: Buffer[] = [];
            for await (const chunk of stream) chunks.push(Buffer.from(chunk));
            return Buffer.concat(chunks);
          },
          onMessage: (line) => heard.push(line),
        },
        never,
      );
      expect(result.equals(content)).to.equal(true);
      expect(report.exitCode).to.equal(number);
      expect(report.messages).to.deep.equal([`said ${number}`]);
      expect([...report.codes]).to.deep.equal([['cat', number]]);
      expect(heard).to.include(`said ${number}`);
    });
    await Promise.all(runs);
  });

  it('takes a file of this host, which does not come through here', async () => {
    const content = randomBytes(5_000_000);
    const path = join(work, 'file');
    writeFileSync(path, content);
    const helper = await ensure();
    const positions: number[] = [];
    const file = { path, onBytes: (bytes: number) => positions.push(bytes) };
    const output = async (stream: AsyncIterable<Buffer>): Promise<string> => {
      const hash = createHash('sha256');
      for await (const chunk of stream) hash.update(chunk);
      return hash.digest('hex');
    };
    const { result } = await helper.run('sleep 0.5; cat', [], { file, output }, never);
    expect(result).to.equal(createHash('sha256').update(content).digest('hex'));
    // While nobody took more than a pipe holds.
    expect(positions[0]).to.be.within(1, 1_000_000);
  });

  it('takes no more of a file than it wants, and one that is short as a whole', async () => {
    const path = join(work, 'file');
    writeFileSync(path, 'x'.repeat(3_000_000));
    const helper = await ensure();
    const file = { path, onBytes: () => {} };
    const { report } = await helper.run('head -c 10 >/dev/null; exit 7', [], { file }, never);
    expect(report.exitCode).to.equal(7);
    const count = async (stream: AsyncIterable<Buffer>): Promise<number> => {
      let bytes = 0;
      for await (const chunk of stream) bytes += chunk.length;
      return bytes;
    };
    for (const size of [0, 1, 70_000]) {
      writeFileSync(path, 'x'.repeat(size));
      expect((await helper.run('cat', [], { file, output: count }, never)).result).to.equal(size);
    }
    const cut = new AbortController();
    const running = failureOf(helper.run('sleep 100', [], { file }, cut.signal));
    cut.abort(new Error('enough'));
    expect(await running).to.have.property('message', 'enough');
  });

  it('has its pipes given back: as many scripts as one likes, one after the other', async () => {
    const helper = await ensure();
    for (let number = 0; number < 80; number++)
      expect(await helper.ask('echo "$1"', [String(number)], never)).to.equal(`${number}\n`);
  });

  it('that is gone before it reads is an error, and another one takes its place', async () => {
    tell = (shell) => kill(shell);
    const helper = await ensure();
    const { report } = await helper.run('cat', [], { input: Readable.from([Buffer.from('names')]) }, never);
    expect(report.exitCode).to.equal(137);
    expect(await ensure()).to.not.equal(helper);
    expect(shells).to.have.length(2);
  });

  it('that goes in the middle of a stream is an error', async () => {
    const helper = await ensure();
    let bytes = 0;
    const { report } = await helper.run(
      'echo begun >&2; cat /dev/zero',
      [],
      {
        output: async (stream) => {
          for await (const chunk of stream)
            if ((bytes += chunk.length) > 3_000_000) kill(shells[0] as ChildProcess);
        },
      },
      never,
    );
    expect(report.exitCode).to.equal(137);
    expect(report.messages).to.deep.equal(['begun']);
    expect(helper.isGone).to.equal(true);
  });

  it('whose script is killed alone is an error, too', async () => {
    const helper = await ensure();
    const { report } = await helper.run('kill -9 $PPID', [], {}, never);
    expect(report.exitCode).to.equal(137);
    expect(helper.isGone).to.equal(true);
  });

  it('is not waited for where what should say that a script is over is killed', async () => {
    const helper = await ensure();
    const above = 'read -r _ _ _ parent _ <"/proc/$above/stat"; above=$parent;';
    const script = `above=$PPID; ${above} ${above} kill -9 "$above"; echo done >&2; exit 3`;
    const { report } = await helper.run(script, [], {}, never);
    expect(report).to.deep.include({ exitCode: 3, messages: ['done'] });
    const both = `above=$PPID; ${above} ${above} kill -9 "$above" "$PPID"`;
    expect((await helper.run(both, [], {}, never)).report.exitCode).to.equal(137);
    expect(helper.isGone).to.equal(true);
  });

  it('ends with all that it runs, and only where that is not certain its container is removed by hand', async () => {
    const removed: string[] = [];
    const watching: Runner = {
      ...runner,
      run: async (argv) => {
        removed.push(argv.join(' '));
        return { exitCode: 0, stdout: '', stderr: '' };
      },
    };
    await ensureHelper(watching, work, SPEC, 'image');
    await removeHelper(watching, work, SPEC);
    expect(removed).to.deep.equal([]);
    expect(shells[0]?.exitCode).to.equal(0);
    tell = (shell) => kill(shell);
    const helper = await ensureHelper(watching, work, SPEC, 'image');
    await helper.run('true', [], {}, never);
    await removeHelper(watching, work, SPEC);
    expect(removed).to.deep.equal(['docker container rm --force helper']);
  });

  it('is not waited for by who gives up', async () => {
    const helper = await ensure();
    const control = new AbortController();
    const reason = new Error('Ctrl-C');
    const running = helper.run(
      'echo begun >&2; cat /dev/zero',
      [],
      {
        output: async (stream) => {
          for await (const _ of stream) continue;
        },
        onMessage: () => control.abort(reason),
      },
      control.signal,
    );
    expect(await failureOf(running)).to.equal(reason);
    expect(helper.isGone).to.equal(true);
  });

  it('hears at once when nobody wants its output any more', async () => {
    const helper = await ensure();
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    const running = helper.run(
      'cat /dev/zero',
      [],
      {
        output: async (stream) => {
          for await (const _ of stream) throw full;
        },
      },
      never,
    );
    expect(await failureOf(running)).to.equal(full);
    expect(await helper.ask('echo fine', [], never)).to.equal('fine\n');
  });
});
