import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { docker } from './installed.ts';

describe('completion', () => {
  let project: string;

  before(() => {
    project = mkdtempSync(join(tmpdir(), 'docker-rewind-completion-'));
    writeFileSync(join(project, 'compose.yml'), 'services: {web: {image: "web:1"}, api: {image: "api:1"}}\n');
    writeFileSync(join(project, 'other.yml'), 'services: {worker: {image: "worker:1"}}\n');
    mkdirSync(join(project, '.rewind'));
    writeFileSync(join(project, '.rewind', 'history.jsonl'), `${JSON.stringify(record())}\n{"torn`);
  });
  after(() => rmSync(project, { recursive: true }));

  function record(): object {
    const services = { web: { image: 'web:1', digest: null, imageId: null, previousImage: null } };
    const when = { startedAt: '2026-11-23T10:00:00.000Z', finishedAt: '2026-11-23T10:00:05.000Z' };
    const about = { schema: 1, uid: 'u', id: 'v1', environment: 'default', project: 'x', kind: 'deploy' };
    const who = { user: 'root', host: 'h', commit: null, message: null, target: null };
    return { ...about, ...when, ...who, status: 'succeeded', services, changed: ['web'] };
  }

  /** What docker hands to the shell for these words, the last of which is being typed. */
  async function complete(...words: string[]): Promise<string[]> {
    const { stdout, exitCode } = await docker(['__complete', 'rewind', ...words], { cwd: project });
    expect(exitCode).to.equal(0);
    return stdout.trimEnd().split('\n');
  }
  const values = (lines: string[]): string[] => lines.map((line) => line.split('\t')[0] ?? '');

  it('offers the commands with what they do', async () => {
    const lines = await complete('');
    expect(values(lines)).to.include.members(['deploy', 'rollback', 'history', 'status', 'doctor', 'plugin']);
    expect(lines.find((line) => line.startsWith('doctor'))).to.equal(
      'doctor\tsay what works, what is missing and what to do about it',
    );
    expect(lines.at(-1)).to.equal(':4');
    expect(values(await complete('do'))).to.deep.equal(['doctor', ':4']);
    expect(values(await complete('plugin', ''))).to.deep.equal(['install', 'remove', ':4']);
  });

  it('offers flags, and the values of those that have a few', async () => {
    expect(values(await complete('doctor', '--pro'))).to.deep.equal([
      '--project-name',
      '--project-directory',
      '--profile',
      '--progress',
      ':4',
    ]);
    expect(values(await complete('doctor', '--progress', ''))).to.deep.equal([
      'auto',
      'tty',
      'plain',
      'json',
      'quiet',
      ':4',
    ]);
    expect(values(await complete('doctor', '--ansi=n'))).to.deep.equal(['never', ':4']);
    expect(values(await complete('--proj'))).to.deep.equal(['--project-name', '--project-directory', ':4']);
  });

  it('leaves files to the shell', async () => {
    expect(await complete('deploy', '-f', '')).to.deep.equal([':0']);
    expect(await complete('deploy', '--env-file', '')).to.deep.equal([':0']);
  });

  it('offers services of the project that was named', async () => {
    expect(values(await complete('rollback', '--service', ''))).to.deep.equal(['api', 'web', ':4']);
    expect(values(await complete('deploy', 'w'))).to.deep.equal(['web=', ':6']);
    expect(values(await complete('-f', 'other.yml', 'deploy', ''))).to.deep.equal(['worker=', ':6']);
  });

  it('offers deployments, with what and when', async () => {
    expect(await complete('rollback', '')).to.deep.equal([
      'v1\tdeploy succeeded 2026-11-23 10:00 web:1',
      ':4',
    ]);
    expect(values(await complete('show', 'v'))).to.deep.equal(['v1', ':4']);
  });

  it('is never an error', async () => {
    for (const words of [
      ['nope', ''],
      ['rollback', '-f', '/nowhere.yml', ''],
      ['deploy', '-f', '/nowhere.yml', ''],
    ]) {
      expect(values(await complete(...words)).at(-1)).to.match(/^:\d$/);
    }
    const { stdout, stderr, exitCode } = await docker(['__complete', 'rewind', 'rollback', ''], { cwd: '/' });
    expect({ stdout, stderr, exitCode }).to.deep.equal({ stdout: ':4\n', stderr: '', exitCode: 0 });
  });
});
