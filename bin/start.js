import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const main = join(root, 'dist', 'cli', 'main.js');

if (existsSync(main)) {
  // A directory of the user's own: the one in /tmp that is the default could have been prepared by somebody else.
  enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'docker-rewind', 'code'));
  const { main: run } = await import(main);
  await run(process.argv.slice(2), root);
} else {
  process.stderr.write(`docker rewind: not built yet: run \`npm ci\` or \`npm run build\` in ${root}\n`);
  process.exitCode = 1;
}
