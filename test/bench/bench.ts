// npm run bench -- NAME [OPTIONS]: measures; never fails because something is slow.
const BENCHES: Record<string, () => Promise<{ run: (args: readonly string[]) => Promise<void> }>> = {
  databases: () => import('./databases.ts'),
  startup: () => import('./startup.ts'),
  volumes: () => import('./volumes.ts'),
};

const [name = '', ...args] = process.argv.slice(2);
const load = BENCHES[name];
if (load === undefined) {
  process.stderr.write(`usage: npm run bench -- ${Object.keys(BENCHES).join('|')} [--runs N]\n`);
  process.exitCode = 2;
} else {
  const { run } = await load();
  await run(args);
}
