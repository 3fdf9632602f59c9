import type { ContainerState } from '../../docker/containers.ts';
import type { LocalImage } from '../../docker/images.ts';
import type { Runner } from '../../docker/runner.ts';
import type { ComposeOptions } from '../../compose/options.ts';

/** Which project a plan is about, and how Compose was told to see it; kept in the journal so that recover can go on. */
export interface Scope {
  project: string;
  environment: string;
  /** The project directory, absolute. */
  directory: string;
  /** Where the command was typed: relative `-f` paths start there. */
  cwd: string;
  options: ComposeOptions;
  /** The chain of Compose files, absolute; `-` for standard input. */
  files: readonly string[];
}

/** What a step may use when it runs. */
export interface StepContext {
  runner: Runner;
  scope: Scope;
  /** Aborted when the user wants out; steps pass it to what they run. */
  signal: AbortSignal;
  /** A line of output of what the step runs, for the progress display. */
  onLine: (line: string) => void;
  /** What people should know of it when all is done. */
  onNote: (note: string) => void;
  /** How far a step is with something that takes a while. */
  onProgress: (progress: StepProgress) => void;
  /** A directory of this execution (in the journal) for files that live no longer than it. */
  workDirectory: string;
}

/** How far a step is with one of the things that it works on. */
export interface StepProgress {
  name: string;
  /** Bytes so far. */
  done: number;
  /** Bytes altogether, where that is known. */
  total?: number;
  /** What of it is at hand: a table. */
  detail?: string;
}

/** What steps found out on the way: the record need not ask again. */
export interface Findings {
  containers?: readonly ContainerState[];
  images?: readonly LocalImage[];
  /** What people should know when all is done. */
  notes?: string[];
}

/** What every step has: the thing that it touches, and why, for people. */
export interface StepBase {
  resource: string;
  reason: string;
}
