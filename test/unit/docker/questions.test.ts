import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseContainers, listContainers } from '../../../src/docker/containers.ts';
import { inspectImage } from '../../../src/docker/images.ts';
import { answerWithin, isQuestion, isShort } from '../../../src/docker/questions.ts';
import { ProcessRunner, type Argv } from '../../../src/docker/runner.ts';
import { inspectVolume, inspectVolumes, volumeUsers } from '../../../src/docker/volumes.ts';
import type { RewindError } from '../../../src/errors.ts';
import { FakeRunner } from '../fake-runner.ts';

async function errorOf(work: Promise<unknown>): Promise<RewindError> {
  try {
    await work;
  } catch (error) {
    return error as RewindError;
  }
  throw new Error('nothing was thrown');
}

describe('questions to docker', () => {
  const compose = ['compose', '-f', 'config', '--profile', '*', '-p', 'up', '--ansi', 'never'] as const;

  it('are told from what may change something', () => {
    const questions: Argv[] = [
      ['docker', 'ps', '--all'],
      ['docker', 'container', 'inspect', 'a'],
      ['docker', 'image', 'inspect', 'compose'],
      ['docker', 'volume', 'inspect', 'v'],
      ['docker', ...compose, 'config', '--format', 'json'],
      ['docker', 'events', '--since', '1s', '--until', '0s'],
      ['git', 'rev-parse', 'HEAD'],
    ];
    const changes: Argv[] = [
      ['docker', ...compose, 'up', '--detach'],
      ['docker', ...compose, 'build'],
      ['docker', 'container', 'stop', 'inspect'],
      ['docker', 'container', 'rm', 'ps'],
      ['docker', 'container', 'logs', '--follow', 'a'],
      ['docker', 'image', 'pull', 'a'],
      ['docker', 'image', 'rm', 'a'],
      ['docker', 'volume', 'create', 'a'],
      ['docker', 'run', 'ps'],
      ['docker', 'exec', 'a', 'ps'],
      ['docker', 'events', '--since', '1s'],
      ['docker'],
    ];
    for (const argv of questions) expect(isQuestion(argv), argv.join(' ')).to.equal(true);
    for (const argv of changes) expect(isQuestion(argv), argv.join(' ')).to.equal(false);
    // What changes something at once has the time of an answer as well.
    expect([...questions, ...changes].filter(isShort)).to.deep.equal([
      ...questions,
      ['docker', 'container', 'rm', 'ps'],
      ['docker', 'volume', 'create', 'a'],
    ]);
  });

  it('may take two minutes, or as long as REWIND_ANSWER_WITHIN says', () => {
    expect(answerWithin({})).to.equal(120_000);
    expect(answerWithin({ REWIND_ANSWER_WITHIN: '1.5' })).to.equal(1500);
    for (const wrong of ['', '0', '-1', 'soon']) {
      expect(answerWithin({ REWIND_ANSWER_WITHIN: wrong })).to.equal(120_000);
    }
  });

  it('end when no answer comes, also where a process further down holds the pipes', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'rewind-hang-'));
    writeFileSync(join(directory, 'git'), '#!/bin/sh\nsleep 5 &\nwait\n', { mode: 0o755 });
    const before = { ...process.env };
    process.env['REWIND_ANSWER_WITHIN'] = '0.2';
    process.env['PATH'] = `${directory}:${before['PATH'] ?? ''}`;
    try {
      const error = await errorOf(new ProcessRunner().run(['git', 'status']));
      const held = await errorOf(new ProcessRunner().hold(['git', 'status']));
      expect(held.code).to.equal('NO_ANSWER');
      expect(error.code).to.equal('NO_ANSWER');
      expect(error.message).to.include('git status');
      expect(error.hint).to.be.a('string');
    } finally {
      process.env['PATH'] = before['PATH'];
      delete process.env['REWIND_ANSWER_WITHIN'];
      rmSync(directory, { recursive: true });
    }
  });
});

describe('answers of docker', () => {
  it('that are cut off are none', async () => {
    const half = '[{"Id": "abc", "Conf';
    expect(() => parseContainers(half))
      .to.throw()
      .with.property('code', 'BAD_ANSWER');
    const runner = new FakeRunner()
      .on(/image inspect/, { stdout: half })
      .on(/volume inspect/, { stdout: half })
      .on(/^docker ps/, { stdout: 'abc\ndef' });
    for (const asked of [
      inspectImage(runner, 'a'),
      inspectVolume(runner, 'a'),
      volumeUsers(runner, ['a']),
      listContainers(runner, 'a'),
    ]) {
      expect((await errorOf(asked)).code).to.equal('BAD_ANSWER');
    }
  });

  it('do not make an image gone that could not be looked up', async () => {
    const runner = new FakeRunner()
      .on(/no-such/, { exitCode: 1, stderr: 'Error response from daemon: No such image: no-such:1' })
      .on(/UPPER/, { exitCode: 1, stderr: 'Error response from daemon: invalid reference format' })
      .on(/broken/, { exitCode: 1, stderr: 'Error response from daemon: input/output error' });
    expect(await inspectImage(runner, 'no-such:1')).to.equal(undefined);
    expect(await inspectImage(runner, 'UPPER:1')).to.equal(undefined);
    const error = await errorOf(inspectImage(runner, 'broken:1'));
    expect(error.code).to.equal('ENGINE');
    expect(error.message).to.include('input/output error');
  });

  it('say which of several volumes there are, and who mounts each', async () => {
    const runner = new FakeRunner()
      .on(/volume inspect/, {
        exitCode: 1,
        stdout: '[{"Name": "a", "Labels": null}, {"Name": "c", "Labels": {"x": "y"}}]\n',
        stderr: 'Error response from daemon: get b: no such volume\n',
      })
      .on(/^docker ps/, { stdout: 'one\ta,/srv/files\ntwo\tc,a\n' });
    expect([...(await inspectVolumes(runner, ['a', 'b', 'c'])).keys()]).to.deep.equal(['a', 'c']);
    expect([...(await volumeUsers(runner, ['a', 'b', 'c']))]).to.deep.equal([
      ['a', ['one', 'two']],
      ['b', []],
      ['c', ['two']],
    ]);
  });

  it('do not make volumes gone that could not be looked up', async () => {
    const runner = new FakeRunner().on(/volume inspect/, {
      exitCode: 1,
      stdout: '[{"Name": "a", "Labels": null}]\n',
      stderr:
        'Error response from daemon: get b: no such volume\nError response from daemon: input/output error\n',
    });
    expect((await errorOf(inspectVolumes(runner, ['a', 'b', 'c']))).code).to.equal('ENGINE');
  });

  it('say who mounts a volume, or that it could not be found out', async () => {
    const runner = new FakeRunner().on(/^docker ps/, { exitCode: 1, stderr: 'boom' });
    expect((await errorOf(volumeUsers(runner, ['a']))).code).to.equal('ENGINE');
  });
});
