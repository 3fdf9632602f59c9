import { writeSync } from 'node:fs';
import { Listr, ListrLogger, PRESET_TIMER, ProcessOutput } from 'listr2';
import { describeStep, type Plan } from '../plan/plan.ts';
import type { Step } from '../plan/steps/index.ts';
import type { Phase } from '../plan/executor.ts';
import { plain } from './plain.ts';
import { stepsOf, type Progress } from './progress.ts';
import { ByteProgress } from './byte-progress.ts';

/** One list of tasks for the plan and, when it comes to that, one for the way back. */
export function taskProgress(plan: Plan): Progress {
  const lists = new Map<Phase, TaskList>();
  const listOf = (phase: Phase): TaskList => {
    const present = lists.get(phase);
    if (present !== undefined) return present;
    const list = new TaskList(stepsOf(plan, phase).filter((step) => !skipped.has(step)));
    lists.set(phase, list);
    return list;
  };
  // The second Ctrl-C ends the process at once: listr2 cannot show the cursor again then, and has process.stderr in
  // its hands still.
  const showCursor = (): void => void writeSync(process.stderr.fd, '\u001B[?25h\n');
  process.on('exit', showCursor);
  const skipped = new Set<Step>();
  const bytes = new ByteProgress();
  let latest: TaskList | undefined;
  let chain: Promise<void> = Promise.resolve();
  return {
    started: (phase, step) => {
      bytes.reset();
      const list = listOf(phase);
      if (list !== latest) {
        const before = chain;
        // The second list is drawn below the finished first one.
        chain = before.then(() => {
          if (phase === 'undo') process.stderr.write('going back:\n');
          return list.run();
        });
        latest = list;
      }
      list.start(step);
    },
    output: (line) => latest?.output(line),
    skipped: (step) => skipped.add(step),
    progress: (progress) => latest?.output(bytes.line(progress)),
    finished: (phase, step, error) => listOf(phase).finish(step, error),
    close: async () => {
      for (const list of lists.values()) list.abandon();
      await chain;
      process.off('exit', showCursor);
    },
  };
}

class TaskList {
  readonly #steps: readonly Step[];
  readonly #settled: Map<Step, PromiseWithResolvers<void>>;
  #show: ((line: string) => void) | undefined;
  #current: Step | undefined;

  constructor(steps: readonly Step[]) {
    this.#steps = steps;
    this.#settled = new Map(steps.map((step) => [step, Promise.withResolvers<void>()]));
    for (const { promise } of this.#settled.values()) promise.catch(() => {});
  }

  async run(): Promise<void> {
    const list = new Listr(
      this.#steps.map((step) => ({
        title: plain(describeStep(step)),
        task: (_: unknown, task: { output: string }): Promise<void> | undefined => {
          this.#show = (line) => {
            task.output = line;
          };
          return this.#settled.get(step)?.promise;
        },
      })),
      {
        // Signals are ours to handle: listr2 would end the process in the middle of the way back.
        registerSignalListeners: false,
        exitOnError: true,
        concurrent: false,
        rendererOptions: {
          collapseErrors: false,
          showErrorMessage: true,
          timer: { ...PRESET_TIMER, condition: (duration: number) => duration > 1000 },
          logger: new ListrLogger({ processOutput: new ProcessOutput(process.stderr, process.stderr) }),
        },
      },
    );
    await list.run().catch(() => {});
  }

  start(step: Step): void {
    this.#current = step;
  }

  output(line: string): void {
    if (line.trim() !== '') this.#show?.(plain(line.trim()));
  }

  finish(step: Step, error?: Error): void {
    const settled = this.#settled.get(step);
    if (error === undefined) settled?.resolve();
    else settled?.reject(new Error(plain(error.message)));
  }

  /** Nothing more will come (the command was interrupted between two steps). */
  abandon(): void {
    for (const [step, settled] of this.#settled) {
      if (step === this.#current) settled.resolve();
      settled.reject(new Error('not done'));
    }
  }
}
