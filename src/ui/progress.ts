import { SILENT, type ExecutionObserver, type Phase } from '../plan/executor.ts';
import { describeStep, type Plan } from '../plan/plan.ts';
import type { Step } from '../plan/steps/index.ts';
import { ByteProgress } from './byte-progress.ts';
import { plain } from './plain.ts';
import type { Terminal } from './terminal.ts';

/** A progress display: hears of the execution, and is closed before anything else is printed. */
export interface Progress extends ExecutionObserver {
  close(): Promise<void>;
}

/** The display that the terminal calls for. All of them write to stderr. */
export async function progressFor(terminal: Terminal, plan: Plan): Promise<Progress> {
  switch (terminal.progress) {
    case 'quiet':
      return { ...SILENT, close: async () => {} };
    case 'json':
      return jsonProgress();
    case 'plain':
      return plainProgress(plan, terminal);
    case 'tty': {
      const { taskProgress } = await import('./task-progress.ts');
      return taskProgress(plan);
    }
  }
}

/** The steps of one phase. */
export function stepsOf(plan: Plan, phase: Phase): readonly Step[] {
  return { step: plan.steps, undo: plan.undo, finish: plan.finish ?? [] }[phase];
}

const PLAIN_EVERY_MS = 10_000;

function plainProgress(plan: Plan, { progressStyle: style }: Terminal): Progress {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const skipped = new Set<Step>();
  const bytes = new ByteProgress();
  let saidAt = 0;
  const count = (phase: Phase, step: Step): string => {
    const steps = stepsOf(plan, phase).filter((each) => !skipped.has(each));
    const prefix = { step: '', undo: 'back ', finish: 'clearing up ' }[phase];
    return `[${prefix}${steps.indexOf(step) + 1}/${steps.length}]`;
  };
  return {
    started: (phase, step) => {
      bytes.reset();
      saidAt = Date.now();
      say(`${style.dim(count(phase, step))} ${plain(describeStep(step))}`);
    },
    progress: (progress) => {
      const line = bytes.line(progress);
      // In a log every line stays.
      if (Date.now() - saidAt < PLAIN_EVERY_MS) return;
      saidAt = Date.now();
      say(style.dim(`  ${plain(line)}`));
    },
    output: (line) => {
      if (line.trim() !== '') say(style.dim(`  ${plain(line.trim())}`));
    },
    skipped: (step) => skipped.add(step),
    finished: (phase, step, error) => {
      if (error !== undefined) say(`${count(phase, step)} ${style.red('failed')}: ${plain(error.message)}`);
    },
    close: async () => {},
  };
}

/** One JSON object a line: `{"event","phase","kind","resource","message"}`. */
function jsonProgress(): Progress {
  const say = (event: object): void => void process.stderr.write(`${JSON.stringify(event)}\n`);
  const of = (phase: string, step: Step) => ({ phase, kind: step.kind, resource: step.resource });
  return {
    started: (phase, step) => say({ event: 'started', ...of(phase, step) }),
    output: (message) => say({ event: 'output', message }),
    skipped: () => {},
    progress: (progress) => say({ event: 'progress', ...progress }),
    finished: (phase, step, error) =>
      say({
        event: error === undefined ? 'done' : 'failed',
        ...of(phase, step),
        ...(error && { message: error.message }),
      }),
    close: async () => {},
  };
}
