import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { ProcessRunner, type Argv } from '../../../src/docker/runner.ts';

const never = new AbortController().signal;
/** Git runs a shell alias: a program of our own behind the one runner. */
const script = (body: string): Argv => ['git', '-c', `alias.do=!${body}`, 'do'];

async function text(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

describe('a program between two streams', () => {
  const runner = new ProcessRunner();

  it('feeds what it reads and returns what its output came to', async () => {
    const { result, value } = await runner.stream(script('tr a-z A-Z'), {
      input: Readable.from(['abc', 'def']),
      output: text,
      signal: never,
    });
    expect(result.exitCode).to.equal(0);
    expect(value).to.equal('ABCDEF');
  });

  it('loses nothing of a program that ended before its output was read', async () => {
    const { value } = await runner.stream(script('printf short'), {
      output: async (stdout) => {
        await delay(300);
        return text(stdout);
      },
      signal: never,
    });
    expect(value).to.equal('short');
  });

  it('says how a program failed, with its messages', async () => {
    const heard: string[] = [];
    const { result } = await runner.stream(script('printf part; echo why >&2; exit 3'), {
      output: text,
      onLine: (line) => heard.push(line),
      signal: never,
    });
    expect(result.exitCode).to.equal(3);
    expect(heard).to.deep.equal(['why']);
  });

  it('does not take a reader that gave up for a failure of the program', async () => {
    let thrown: unknown;
    try {
      await runner.stream(script('cat /dev/zero'), {
        output: async () => {
          throw new Error('the disk is full');
        },
        signal: never,
      });
    } catch (error) {
      thrown = error;
    }
    expect((thrown as Error).message).to.equal('the disk is full');
  });

  it('ends a program that nobody waits for any more', async () => {
    // Before it runs, and when something that it started holds its pipes and outlives it.
    for (const after of [0, 300]) {
      const control = new AbortController();
      const running = runner.stream(script('sleep 60 & sleep 60'), { output: text, signal: control.signal });
      if (after > 0) await delay(after);
      control.abort(new Error('enough'));
      const begun = Date.now();
      expect((await running.catch((error: unknown) => error)) as Error)
        .to.have.property('message')
        .that.equals('enough');
      expect(Date.now() - begun).to.be.below(20_000);
    }
  });
});

describe('a shielded call', () => {
  it('is not in the process group that a Ctrl-C goes to', async () => {
    const groupOf = async (shielded: boolean): Promise<string> => {
      const argv = script('cut -d" " -f5 /proc/self/stat');
      const { stdout } = await new ProcessRunner().run(argv, shielded ? { shielded: true } : {});
      return stdout.trim();
    };
    const own = readFileSync('/proc/self/stat', 'utf8').split(' ')[4];
    expect(await groupOf(false)).to.equal(own);
    expect(await groupOf(true))
      .to.match(/^\d+$/)
      .and.not.equal(own);
  });
});
