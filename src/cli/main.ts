import type { Config } from '@oclif/core';
import { ExitCode, RewindError } from '../errors.ts';
import { createTerminal } from '../ui/terminal.ts';
import { asksForHelp, findCommandId, readCommandLine, type CommandLine } from './argv.ts';
import { setInvocation } from './invocation.ts';
import { loadProgram, packageJson } from './program.ts';
import { reportError } from './report-error.ts';
import { whenItStandsStill } from './standstill.ts';

/** Runs one command line of the package in `root` and ends the process with its exit code. */
export async function main(argv: readonly string[], root: string): Promise<void> {
  const line = readCommandLine(argv);
  setInvocation({ globals: line.globals, debug: line.debug });
  const report = (error: unknown): void => {
    const { env, stdin, stdout, stderr } = process;
    const { progressStyle } = createTerminal({ flags: {}, env, stdin, stdout, stderr });
    reportError(error, {
      json: argv.includes('--json'),
      debug: line.debug || argv.includes('--debug'),
      style: progressStyle,
    });
  };
  process.on('uncaughtException', (error: NodeJS.ErrnoException) => {
    // The reader of our output went away (`| head`): what we do goes on, there is only nobody left to tell.
    if (error.code === 'EPIPE' && error.syscall === 'write') return;
    report(error);
    process.exit();
  });
  whenItStandsStill(report);
  try {
    await dispatch(line, root);
  } catch (error) {
    report(error);
  }
  await Promise.all([written(process.stdout), written(process.stderr)]);
  // Nothing that is left open (a socket, a timer) may keep somebody waiting for their prompt.
  process.exit(process.exitCode ?? ExitCode.done);
}

/** Waits until a slow reader has taken everything, or has gone away. */
async function written(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength > 0) await new Promise((resolve) => stream.write('', resolve));
}

async function dispatch(line: CommandLine, root: string): Promise<void> {
  if (line.kind === 'complete') {
    const { complete } = await import('./complete.ts');
    process.stdout.write(await complete(line, root));
    return;
  }
  if (line.kind === 'version') {
    process.stdout.write(`docker-rewind ${packageJson.version}\n`);
    return;
  }
  const config = await loadProgram(root);
  const { id, topic, rest } = findCommandId(line.words, config.commandIDs);
  const help = line.kind === 'help' || asksForHelp(rest) || line.words.length === 0;
  if (help && (id !== undefined || topic !== undefined || line.words.length === 0)) {
    if (line.kind === 'run' && line.words.length === 0 && line.leading.length > 0) throw noCommand();
    const { showHelp } = await import('./help.ts');
    await showHelp(config, id ?? topic);
    return;
  }
  if (topic !== undefined && rest.length === 0) {
    const { showHelp } = await import('./help.ts');
    await showHelp(config, topic);
    process.exitCode = ExitCode.usage;
    return;
  }
  if (id === undefined) {
    const { unknownCommand } = await import('./usage-error.ts');
    throw unknownCommand(line.words, names(config));
  }
  await config.runCommand(id, [...line.leading, ...rest]);
}

function names(config: Config): string[] {
  return config.commandIDs.map((id) => id.replaceAll(':', ' '));
}

function noCommand(): RewindError {
  return new RewindError('USAGE', 'no command was given', {
    exit: 'usage',
    hint: 'docker rewind --help lists the commands',
  });
}
