import type { DockerGlobals } from '../docker/runner.ts';

/** What the command line said before the verb, for whichever command runs. */
export interface InvocationContext {
  /** Docker's own flags, passed on to every docker call. */
  globals: DockerGlobals;
  /** `docker -D rewind …`. */
  debug: boolean;
}

let current: InvocationContext = { globals: [], debug: false };

/** oclif makes the command objects itself, from the words after the verb: the rest reaches them through here. */
export function setInvocation(context: InvocationContext): void {
  current = context;
}

export function invocation(): InvocationContext {
  return current;
}
