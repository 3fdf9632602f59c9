import { RewindCommand } from '../cli/base-command.ts';
import { invocation } from '../cli/invocation.ts';
import { ExitCode } from '../errors.ts';
import { plain } from '../ui/plain.ts';

export default class Doctor extends RewindCommand {
  static override summary = 'say what works, what is missing and what to do about it';
  static override description =
    'Looks at the Docker engine, Compose, the plugin link, Node, the project, its state directory, history and ' +
    'lock, and at what a crash may have left behind. Changes nothing.';
  static override examples = ['docker rewind doctor', 'docker rewind doctor --json'];
  static override exitCodes = {
    done: 'all that is needed works',
    failed: 'something is broken',
    usage: 'wrong usage',
  };

  async run(): Promise<object> {
    const { flags } = await this.parse(Doctor);
    const { examine } = await import('../doctor/doctor.ts');
    const findings = await examine({
      runner: this.runner,
      globals: invocation().globals,
      options: this.composeOptions(flags),
      cwd: process.cwd(),
      env: process.env,
      root: this.config.root,
      node: { version: process.versions.node, path: process.execPath },
    });
    const { style } = this.terminal;
    const mark = { ok: style.green('ok  '), warn: style.yellow('warn'), fail: style.red('fail') };
    for (const { name, status, message, hint } of findings) {
      this.log(`${mark[status]}  ${style.bold(name.padEnd(10))} ${plain(message)}`);
      if (hint !== undefined) this.log(`${' '.repeat(17)}→ ${plain(hint)}`);
    }
    const failed = findings.some(({ status }) => status === 'fail');
    if (failed) this.exitWith(ExitCode.failed);
    return { ok: !failed, checks: findings.map((finding) => ({ ...finding, hint: finding.hint ?? null })) };
  }
}
