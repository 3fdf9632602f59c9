import { Command, type Config, type Interfaces } from '@oclif/core';
import type { ComposeOptions } from '../compose/options.ts';
import { ProcessRunner, type Runner } from '../docker/runner.ts';
import { RewindError, type ExitCodeName } from '../errors.ts';
import { plain } from '../ui/plain.ts';
import { createTerminal, type Terminal } from '../ui/terminal.ts';
import { BASE_FLAGS } from './flags.ts';
import { installInterrupts, interruptSignal, leavingBecause, watchDockerSocket } from './interrupt.ts';
import { invocation } from './invocation.ts';
import { reportError } from './report-error.ts';

/** The exit codes of one command, for its help: what each means there. */
export type ExitCodes = Readonly<Partial<Record<ExitCodeName, string>>>;

type BaseFlags = Partial<Interfaces.InferredFlags<typeof BASE_FLAGS>>;

/**
 * What all commands share. `run()` returns the JSON document: with `--json` exactly that is printed on stdout;
 * without, the command prints for people by itself and the document is dropped.
 */
export abstract class RewindCommand extends Command {
  static override baseFlags = BASE_FLAGS;
  static override enableJsonFlag = true;
  /** Shown in the help and in the reference. */
  static exitCodes: ExitCodes = { done: 'done', failed: 'failed', usage: 'wrong usage' };
  /** Commands that change something listen to docker's own wish to stop, too. */
  static changes = false;

  #flags: BaseFlags = {};
  #terminal: Terminal | undefined;
  #runner: Runner | undefined;

  abstract override run(): Promise<object>;

  /** Without oclif's detour, which would load its configuration a second time. */
  static override async run<T extends Command>(
    this: new (argv: string[], config: Config) => T,
    argv?: string[],
    config?: Interfaces.LoadOptions,
  ): Promise<ReturnType<T['run']>> {
    const command: unknown = new this(argv ?? [], config as Config);
    return (command as RewindCommand)._run();
  }

  /** Runs docker (with the global flags that docker was given) and git. */
  protected get runner(): Runner {
    return (this.#runner ??= new ProcessRunner(invocation().globals));
  }

  /** Known after `parse`. */
  protected get terminal(): Terminal {
    return (this.#terminal ??= createTerminal({
      flags: { progress: this.#flags.progress, ansi: this.#flags.ansi },
      env: process.env,
      stdin: process.stdin,
      stdout: process.stdout,
      stderr: process.stderr,
    }));
  }

  /** Aborted by the first Ctrl-C. From the first use on, ending in good order is up to the command. */
  protected get signal(): AbortSignal {
    return interruptSignal();
  }

  protected composeOptions(flags: BaseFlags): ComposeOptions {
    return {
      files: flags.file ?? [],
      profiles: flags.profile ?? [],
      envFiles: flags['env-file'] ?? [],
      ...(flags['project-name'] === undefined ? {} : { projectName: flags['project-name'] }),
      ...(flags['project-directory'] === undefined ? {} : { projectDirectory: flags['project-directory'] }),
    };
  }

  /** Ends with this code after the result is printed: no error, so nothing else is said. */
  protected exitWith(code: number): void {
    process.exitCode = code;
  }

  /** A result for people, on stdout; nothing with `--json`. */
  override log(text = ''): void {
    if (!this.jsonEnabled()) process.stdout.write(`${text}\n`);
  }

  /** A remark for people, one line on stderr, whatever it quotes; nothing with `--progress quiet`. */
  protected note(text: string): void {
    if (this.terminal.progress !== 'quiet') process.stderr.write(`${plain(text)}\n`);
  }

  override jsonEnabled(): boolean {
    const end = this.argv.indexOf('--');
    return (end < 0 ? this.argv : this.argv.slice(0, end)).includes('--json');
  }

  override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json, undefined, 2)}\n`);
  }

  protected override async init(): Promise<void> {
    installInterrupts();
    if ((this.ctor as typeof RewindCommand).changes)
      void watchDockerSocket(process.env['DOCKER_CLI_PLUGIN_SOCKET']);
  }

  protected override async parse<
    F extends Interfaces.OutputFlags<F>,
    B extends Interfaces.OutputFlags<B>,
    A extends Interfaces.OutputArgs<A>,
  >(options?: Interfaces.Input<F, B, A>, argv?: string[]): Promise<Interfaces.ParserOutput<F, B, A>> {
    const parsed = await super.parse<F, B, A>(options, argv);
    this.#flags = parsed.flags as BaseFlags;
    // Whatever asked for it before the flags were known has its answer.
    this.#terminal = undefined;
    return parsed;
  }

  protected override async catch(failure: unknown): Promise<void> {
    const thrown = leavingBecause() ?? failure;
    const { usageError } = await import('./usage-error.ts');
    const command = (this.id ?? '').replaceAll(':', ' ');
    const flags = Object.keys({ ...this.ctor.baseFlags, ...this.ctor.flags });
    const error = thrown instanceof RewindError ? thrown : (usageError(thrown, command, flags) ?? thrown);
    reportError(error, {
      json: this.jsonEnabled(),
      debug: invocation().debug || this.argv.includes('--debug'),
      style: this.terminal.progressStyle,
    });
  }
}
