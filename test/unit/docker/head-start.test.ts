import { expect } from 'chai';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { HeadStartRunner } from '../../../src/docker/head-start.ts';
import { ProcessRunner, type Argv } from '../../../src/docker/runner.ts';

const never = new AbortController().signal;

describe('a program that was begun before anybody asked for it', () => {
  let directory: string;
  let log: string;
  let runner: HeadStartRunner;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'rewind-head-start-'));
    log = join(directory, 'log');
    runner = new HeadStartRunner(new ProcessRunner());
  });
  afterEach(() => {
    runner.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Git runs a shell alias: a program of our own. It says in the log that it was started, and by which process. */
  const script = (body: string): Argv => ['git', '-c', `alias.do=!echo $$ >>${log}; ${body}`, 'do'];
  const started = (): number[] =>
    existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').map(Number) : [];
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const isAlive = (pid: number | undefined): boolean => {
    try {
      return process.kill(pid ?? 0, 0);
    } catch {
      return false;
    }
  };

  it('is taken over by who runs it with an input', async () => {
    const argv = script('read -r word; echo "got $word"; echo why >&2; exit 3');
    runner.begin(argv);
    await until(() => started().length === 1);
    const result = await runner.run(argv, { input: 'it\n', signal: never });
    expect(result).to.deep.equal({ exitCode: 3, stdout: 'got it\n', stderr: 'why\n' });
    expect(started()).to.have.lengthOf(1);
  });

  it('is taken over by who streams through it, with what it said before', async () => {
    const argv = script('echo early >&2; tr a-z A-Z');
    runner.begin(argv);
    await until(() => started().length === 1);
    const lines: string[] = [];
    const { result, value } = await runner.stream(argv, {
      input: Readable.from(['abc', 'def']),
      output: text,
      onLine: (line) => lines.push(line),
      signal: never,
    });
    expect([result.exitCode, value, lines]).to.deep.equal([0, 'ABCDEF', ['early']]);
    expect(started()).to.have.lengthOf(1);
  });

  it('is taken over once, and by the same command line alone', async () => {
    const argv = script('cat');
    runner.begin(argv);
    await until(() => started().length === 1);
    expect(await runner.run(script('cat; echo other'), { input: 'a' })).to.include({ stdout: 'aother\n' });
    expect(await runner.run(argv, { input: 'b' })).to.include({ stdout: 'b' });
    expect(await runner.run(argv, { input: 'c' })).to.include({ stdout: 'c' });
    expect(started()).to.have.lengthOf(3);
  });

  it('is run anew where it has ended by then', async () => {
    const argv = script(`[ "$(wc -l <${log})" -gt 1 ] || exit 1; cat`);
    runner.begin(argv);
    await until(() => started().length === 1 && !isAlive(started()[0]));
    // Its end has to be heard of, too.
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await runner.run(argv, { input: 'new' })).to.include({ exitCode: 0, stdout: 'new' });
  });

  it('ends with whoever took it over', async () => {
    const argv = script('cat; sleep 30');
    runner.begin(argv);
    const controller = new AbortController();
    const streamed = runner.stream(argv, {
      input: Readable.from(['a']),
      output: text,
      signal: controller.signal,
    });
    await until(() => started().length === 1);
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await streamed.catch((error: unknown) => error)).to.equal(reason);
    const begun = script('cat; sleep 30; :');
    runner.begin(begun);
    const stop = new AbortController();
    const run = runner.run(begun, { input: '', signal: stop.signal });
    await until(() => started().length === 2);
    stop.abort();
    expect(await run).to.include({ exitCode: 128 });
  });

  it('says what went wrong with its input', async () => {
    const argv = script('cat >/dev/null');
    runner.begin(argv);
    const wrong = new Error('the stored bytes are damaged');
    const input = Readable.from(
      (async function* () {
        yield 'a';
        throw wrong;
      })(),
    );
    const streamed = runner.stream(argv, { input, output: text, signal: never });
    expect(await streamed.catch((error: unknown) => error)).to.equal(wrong);
  });

  it('ends where nobody asked for it, and none is begun after that', async () => {
    const argv = script('cat');
    runner.begin(argv);
    await until(() => started().length === 1);
    expect(isAlive(started()[0])).to.equal(true);
    runner.close();
    await until(() => !isAlive(started()[0]));
    runner.begin(argv);
    expect(await runner.run(argv, { input: 'a' })).to.include({ stdout: 'a' });
    expect(started()).to.have.lengthOf(2);
  });
});
