import { chmodSync, cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { NO_COMPOSE_OPTIONS } from '../../src/compose/options.ts';
import { loadProject } from '../../src/compose/project.ts';
import { ProcessRunner } from '../../src/docker/runner.ts';
import { RewindError } from '../../src/errors.ts';
import { corpusEntries, type CorpusEntry } from './entries.ts';
import { checkService, type Outcome } from './service-check.ts';
import { summary, type Row } from './summary.ts';

// npm run corpus -- DIR: edits the image of every service of every Compose file below DIR, on a copy.

const directory = process.argv[2];
if (directory === undefined || !existsSync(directory)) {
  process.stderr.write(
    'usage: npm run corpus -- DIR\nDIR holds Compose files, perhaps with an index.jsonl\n',
  );
  process.exit(2);
}
for (const name of Object.keys(process.env)) {
  if (!['PATH', 'HOME', 'TMPDIR', 'DOCKER_CONFIG', 'DOCKER_HOST', 'DOCKER_CONTEXT'].includes(name))
    delete process.env[name];
}

const started = performance.now();
const runner = new ProcessRunner();
const entries = corpusEntries(resolve(directory));
const rows: Row[] = [];
const unresolved: string[] = [];
const queue = entries.entries();

async function lane(): Promise<void> {
  const copy = mkdtempSync(join(tmpdir(), 'rewind-corpus-'));
  cpSync(resolve(directory as string), copy, { recursive: true });
  try {
    makeWritable(copy);
    for (const [, entry] of queue) await run(entry, copy);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** A corpus may be kept read-only, which is a reason to refuse an edit; its copy is there to be edited. */
function makeWritable(copy: string): void {
  chmodSync(copy, 0o755);
  for (const entry of readdirSync(copy, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
  }
}

async function run(entry: CorpusEntry, copy: string): Promise<void> {
  const name = `${entry.dir}/${[entry.file, ...entry.with].join(' + ')}`;
  const add = (service: string, outcome: Outcome): void => {
    rows.push({ name, service, shape: entry.shapes.get(service) ?? 'unclassified', outcome });
  };
  const cwd = join(copy, entry.dir);
  const options = { ...NO_COMPOSE_OPTIONS, files: [entry.file, ...entry.with] };
  let project;
  try {
    project = await loadProject(runner, options, cwd, process.env);
  } catch (error) {
    const message = (error instanceof Error ? error.message : String(error)).replaceAll(copy, '');
    if (!(error instanceof RewindError) || entry.resolves)
      add('-', { kind: 'violation', message: `does not resolve: ${message}` });
    unresolved.push(`${name}: ${message}`);
    return;
  }
  for (const service of Object.keys(project.model.services)) {
    add(service, await checkService(project, service, runner));
  }
}

await Promise.all(Array.from({ length: Math.min(3, availableParallelism() + 1) }, lane));
const violations = rows.filter((row) => row.outcome.kind === 'violation');
process.stdout.write(summary(entries.length, unresolved, rows));
const changed = rows.filter((row) => row.outcome.kind === 'changed');
process.stdout.write(`${Math.round((performance.now() - started) / 1000)} s\n`);
process.stdout.write(`${rows.length - violations.length} passed, ${violations.length} failed\n`);
process.exitCode = violations.length === 0 && changed.length > 0 ? 0 : 1;
