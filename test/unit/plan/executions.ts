import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute, type Execution, type ExecutionContext } from '../../../src/plan/executor.ts';
import { Journal } from '../../../src/plan/journal.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import type { Step } from '../../../src/plan/steps/index.ts';
import { FakeRunner } from '../fake-runner.ts';

/** A plan of four steps over one real file and a fake engine: tag, edit, tag, push. */
export class TestExecution {
  readonly directory = mkdtempSync(join(tmpdir(), 'rewind-executor-'));
  readonly file = join(this.directory, 'compose.yml');
  readonly runner = new FakeRunner();
  readonly controller = new AbortController();
  readonly heard: string[] = [];
  readonly plan: Plan;

  constructor() {
    writeFileSync(this.file, 'image: web:1\n');
    const edit = {
      path: this.file,
      sha256: createHash('sha256').update('image: web:1\n').digest('hex'),
      edits: [{ offset: 11, removed: '1', inserted: '2' }],
    };
    const base = { resource: 'web', reason: 'test' };
    const tag = (target: string): Step => ({ ...base, kind: 'tag-image', source: 'web:2', target });
    const untag = (image: string): Step => ({ ...base, kind: 'restore-tag', image, imageId: 'sha256:old' });
    this.plan = {
      command: 'deploy',
      scope: {
        project: 'shop',
        environment: 'default',
        directory: this.directory,
        cwd: this.directory,
        options: { files: [], profiles: [], envFiles: [] },
        files: [this.file],
      },
      steps: [
        tag('web:a'),
        { ...base, kind: 'edit-file', edit },
        tag('web:b'),
        { ...base, kind: 'push-image', image: 'web:b' },
      ],
      undo: [{ ...base, kind: 'unedit-file', edit }, untag('web:a'), untag('web:b')],
    };
    this.runner
      .on('docker image tag web:2 web:a')
      .on('docker image tag web:2 web:b')
      .on('docker image push web:b')
      .on(/^docker image inspect web:[ab]$/, { stdout: '[{"Id":"sha256:new"}]' })
      .on(/^docker image tag sha256:old web:[ab]$/);
  }

  /** The command of each step, by index; the edit runs none. */
  static readonly CALLS = [
    'docker image tag web:2 web:a',
    undefined,
    'docker image tag web:2 web:b',
    'docker image push web:b',
  ] as const;
  /** What the way back runs on the engine, in order. */
  static readonly BACK = ['docker image tag sha256:old web:a', 'docker image tag sha256:old web:b'];

  async run(more: Partial<ExecutionContext> = {}): Promise<Execution> {
    const journal = more.journal ?? (await Journal.begin(this.directory, this.plan));
    return execute(this.plan, {
      runner: this.runner,
      signal: this.controller.signal,
      observer: {
        started: (phase, step) => void this.heard.push(`${phase} ${step.kind}`),
        output: () => {},
        skipped: () => {},
        finished: () => {},
      },
      journal,
      ...more,
    });
  }

  get text(): string {
    return readFileSync(this.file, 'utf8');
  }

  /** What was run to put tags back. */
  get back(): string[] {
    return this.runner.calls.filter((call) => call.includes('sha256:old'));
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
