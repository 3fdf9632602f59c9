import type { Argv, Runner, RunOptions } from '../docker/runner.ts';
import type { ComposeOptions } from './options.ts';

/** Whether a file of the chain is standard input (`-f -`). */
export function readsStandardInput(options: ComposeOptions): boolean {
  return options.files.includes('-');
}

/** Gives the same standard input to every Compose call that asks for it: it can be read only once. */
export function withStandardInput(runner: Runner, input: string): Runner {
  return {
    run: (argv: Argv, options: RunOptions = {}) => {
      const asks =
        argv[1] === 'compose' && argv.some((word, index) => word === '-' && argv[index - 1] === '-f');
      return runner.run(argv, asks ? { input, ...options } : options);
    },
  };
}
