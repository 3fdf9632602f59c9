import type { Argv, Runner, RunOptions, RunResult } from '../../src/docker/runner.ts';

type Answer = Partial<RunResult> | ((argv: Argv, options: RunOptions) => Partial<RunResult> | undefined);

/** A runner that starts nothing: it answers the calls that it was told of and fails on any other. */
export class FakeRunner implements Runner {
  /** Every call, as one line. */
  readonly calls: string[] = [];
  readonly #answers: { line: string | RegExp; answer: Answer }[] = [];

  /** Answers a command line, as often as it comes; of several that fit the one that was told last. */
  on(line: string | RegExp, answer: Answer = {}): this {
    this.#answers.unshift({ line, answer });
    return this;
  }

  async run(argv: Argv, options: RunOptions = {}): Promise<RunResult> {
    const call = argv.join(' ');
    this.calls.push(call);
    for (const { line, answer } of this.#answers) {
      if (typeof line === 'string' ? line !== call : !line.test(call)) continue;
      const result = typeof answer === 'function' ? (answer(argv, options) ?? {}) : answer;
      return { exitCode: 0, stdout: '', stderr: '', ...result };
    }
    throw new Error(`nobody expected this call: ${call}`);
  }
}
