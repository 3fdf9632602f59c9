import { ROOT, type RunOutcome } from '../../e2e/installed.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseProject } from './database-project.ts';

/** A project with one service `store` that keeps files in /data, dumped by tar. */
export class CustomProject extends DatabaseProject {
  static async start(): Promise<CustomProject> {
    const project = new CustomProject();
    await project.use({});
    await project.docker(['compose', 'up', '-d', '--no-build', '--pull', 'never']);
    return project;
  }

  /** Changes the commands, not the container. */
  async use(commands: { dump?: string; restore?: string }): Promise<void> {
    const { dump = recipe('dump'), restore = recipe('restore') } = commands;
    const text = (command: string): string => JSON.stringify(command).replaceAll('$', '$$$$');
    this.write(
      'compose.yml',
      [
        `name: ${this.name}`,
        'services:',
        '  store:',
        '    image: rewind-test/helper:1',
        `    command: ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.2 & wait; done"]`,
        '    stop_grace_period: 2s',
        '    volumes: ["data:/data"]',
        'volumes:',
        '  data:',
        'x-rewind:',
        '  services:',
        '    store:',
        '      backup: custom',
        `      dump: ${text(dump)}`,
        `      restore: ${text(restore)}`,
        '',
      ].join('\n'),
    );
  }

  inside(script: string): Promise<RunOutcome> {
    return this.docker(['exec', this.containerOf('store'), 'bash', '-c', script]);
  }

  async mustInside(script: string): Promise<string> {
    const outcome = await this.inside(script);
    if (outcome.exitCode !== 0) throw new Error(`exit ${outcome.exitCode}: ${outcome.stderr}`);
    return outcome.stdout;
  }

  content(): Promise<string> {
    return this.mustInside('cd /data && sha256sum *');
  }
}

/** A command of the recipe in the documentation. */
function recipe(name: 'dump' | 'restore'): string {
  const text = readFileSync(join(ROOT, 'docs/databases.md'), 'utf8');
  const block = /<!-- recipe[^\n]*\n+```yaml\n(.*?)```/s.exec(text)?.[1] ?? '';
  const command = new RegExp(`^ +${name}: (.*)$`, 'm').exec(block)?.[1];
  if (command === undefined) throw new Error(`docs/databases.md has no recipe with ${name}`);
  return command;
}
