import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../e2e/installed.ts';
import type { TestProject } from '../project.ts';

/** Runs the lines of docs/databases.md for one engine, with a point at /point and a volume at /data. */
export async function byHand(
  project: TestProject,
  engine: string,
  point: string,
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  const text = readFileSync(join(ROOT, 'docs/databases.md'), 'utf8');
  const script = new RegExp(`<!-- by-hand-${engine}:[^\\n]*\\n+\`\`\`sh\\n(.*?)\`\`\``, 's').exec(text)?.[1];
  if (script === undefined) throw new Error(`docs/databases.md has no lines for ${engine}`);
  const outcome = await project.docker([
    'run', '--rm', '--network', 'none',
    '-v', `${project.name}_data:/data`, '-v', `${project.path(`.rewind/points/${point}`)}:/point:ro`,
    ...Object.entries({ POINT: '/point', ...variables }).flatMap(([name, value]) => ['-e', `${name}=${value}`]),
    'rewind-test/helper:1', 'sh', '-euc', script,
  ]); // prettier-ignore
  if (outcome.exitCode !== 0) throw new Error(outcome.stderr);
}
