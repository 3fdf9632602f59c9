import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { docker, dockerConfig, rewind, run, SHIM } from './installed.ts';

const VERBS = 'deploy diff doctor history plugin recover rollback show status'.split(' ');

describe('the command line of the plugin', () => {
  let project: string;

  before(async () => {
    await dockerConfig();
    project = mkdtempSync(join(tmpdir(), 'docker-rewind-usage-'));
    writeFileSync(
      join(project, 'compose.yml'),
      'name: usage\nservices: {web: {image: "web:1"}, api: {image: "api:1"}}\n',
    );
    mkdirSync(join(project, '.rewind'));
    const lines = Array.from({ length: 4000 }, (_, index) => JSON.stringify(record(index + 1)));
    writeFileSync(join(project, '.rewind', 'history.jsonl'), `${lines.join('\n')}\n`);
  });
  after(() => rmSync(project, { recursive: true }));

  function record(number: number): object {
    const at = new Date(Date.UTC(2026, 0, 1) + number * 60_000).toISOString();
    const services = { web: { image: `web:${number}`, digest: null, imageId: null, previousImage: null } };
    const about = {
      schema: 1,
      uid: `u${number}`,
      id: `v${number}`,
      environment: 'default',
      project: 'usage',
    };
    const who = { user: 'root', host: 'h', commit: null, message: null, target: null };
    return {
      ...about,
      kind: 'deploy',
      status: 'succeeded',
      services,
      changed: ['web'],
      startedAt: at,
      finishedAt: at,
      ...who,
    };
  }

  describe('help', () => {
    it('lists the commands: alone, with help, --help and -h, in front and behind', async () => {
      const { stdout } = await rewind(['--help']);
      for (const verb of VERBS) expect(stdout).to.match(new RegExp(`^  ${verb} `, 'm'));
      for (const args of [
        ['rewind'],
        ['rewind', '-h'],
        ['rewind', 'help'],
        ['help', 'rewind'],
        ['rewind', '--help'],
      ]) {
        expect(await docker(args), args.join(' ')).to.deep.equal({ stdout, stderr: '', exitCode: 0 });
      }
    });

    it('describes every command, with its flags, examples and exit codes', async () => {
      const nested = ['plugin install', 'plugin remove'];
      for (const verb of [...VERBS.filter((name) => name !== 'plugin'), ...nested]) {
        const { stdout, exitCode } = await rewind([...verb.split(' '), '--help']);
        expect(exitCode).to.equal(0);
        expect(stdout, verb).to.match(new RegExp(`USAGE\n  \\$ docker rewind ${verb}`));
        expect(stdout, verb).to.match(/EXIT CODES\n  0   /);
        expect(stdout, verb).to.contain('--json');
        expect(stdout, verb).to.contain('-f, --file');
      }
    });

    it('is the same for help VERB, VERB --help and VERB -h', async () => {
      const { stdout } = await rewind(['doctor', '--help']);
      for (const args of [
        ['rewind', 'help', 'doctor'],
        ['help', 'rewind', 'doctor'],
        ['rewind', 'doctor', '-h'],
      ]) {
        expect((await docker(args)).stdout).to.equal(stdout);
      }
    });

    it('lists the commands below plugin', async () => {
      const { stdout, exitCode } = await rewind(['plugin', '--help']);
      expect(exitCode).to.equal(0);
      expect(stdout).to.contain('plugin install').and.contain('plugin remove');
    });
  });

  it('says its version', async () => {
    for (const args of [['--version'], ['-v']])
      expect((await rewind(args)).stdout).to.match(/^docker-rewind \d+\.\d+\.\d+\n$/);
  });

  describe('wrong usage exits 2 with one line and what to do', () => {
    const wrong: readonly (readonly [string, string, string?])[] = [
      ['deplyo', 'unknown command: deplyo', 'Did you mean: docker rewind deploy'],
      ['frobnicate', 'unknown command: frobnicate', 'docker rewind --help lists the commands'],
      ['plugin instal', 'unknown command: plugin instal', 'Did you mean: docker rewind plugin install'],
      ['help deplyo', 'unknown command: deplyo', 'Did you mean: docker rewind deploy'],
      [
        'history --jsno',
        'unknown flag: --jsno',
        'Did you mean --json? docker rewind history --help lists the flags',
      ],
      [
        'history --jsno=1',
        'unknown flag: --jsno=1',
        'Did you mean --json? docker rewind history --help lists the flags',
      ],
      ['--colour history', 'unknown flag: --colour', 'docker rewind history --help lists the flags'],
      ['history -x', 'unknown flag: -x'],
      ['history extra', 'unexpected argument: extra'],
      ['show', 'DEPLOYMENT is missing'],
      ['history --limit', '--limit expects a value'],
      ['history --limit three', '--limit: expected an integer but received: three'],
      ['history --progress fancy', 'expected --progress=fancy to be one of: auto, tty, plain, json, quiet'],
      ['--json', 'no command was given'],
      ['-f', 'no command was given'],
    ];
    for (const [line, message, hint] of wrong) {
      it(line, async () => {
        const { exitCode, stdout, stderr } = await rewind(line.split(' '), { cwd: project });
        expect(exitCode).to.equal(2);
        const lines = stderr.trim().split('\n');
        if (line.includes('--json')) {
          expect((JSON.parse(stdout) as { error: { message: string } }).error.message).to.equal(message);
          return;
        }
        expect(stdout).to.equal('');
        expect(lines[0]).to.equal(`docker rewind: ${message}`);
        expect(lines).to.have.lengthOf(2);
        expect(lines[1]).to.match(/^→ /);
        if (hint !== undefined) expect(lines[1]).to.equal(`→ ${hint}`);
      });
    }

    it('as one JSON document with --json', async () => {
      const { exitCode, stdout, stderr } = await rewind(['history', '--nope', '--json'], { cwd: project });
      expect(exitCode).to.equal(2);
      expect(stderr).to.equal('');
      expect(JSON.parse(stdout)).to.deep.equal({
        error: {
          code: 'USAGE',
          message: 'unknown flag: --nope',
          hint: 'docker rewind history --help lists the flags',
          details: [],
          state: null,
          exitCode: 2,
        },
      });
    });
  });

  it('takes Compose’s flags before and after the verb', async () => {
    const file = join(project, 'compose.yml');
    for (const args of [
      ['-f', file, 'history', '--json'],
      ['history', `--file=${file}`, '--json'],
      ['--json', 'history', '-f', file],
    ]) {
      const { stdout, exitCode } = await rewind(args, { cwd: tmpdir() });
      expect(exitCode).to.equal(0);
      expect((JSON.parse(stdout) as { project: string }).project).to.equal('usage');
    }
  });

  it('takes no piped input for an argument', async () => {
    const { exitCode, stderr } = await rewind(['show'], { cwd: project, input: 'v1\n' });
    expect([exitCode, stderr.split('\n')[0]]).to.deep.equal([2, 'docker rewind: DEPLOYMENT is missing']);
  });

  for (const line of ['history --json', 'history', '--help', 'nope 2>&1']) {
    it(`says nothing when the reader goes away: ${line}`, async () => {
      const { stdout, stderr, exitCode } = await run(
        'sh',
        ['-c', `{ '${SHIM}' ${line}; echo $? >&2; } | head -c 1`],
        {
          cwd: project,
        },
      );
      expect({ stdout: stdout.length, exitCode }).to.deep.equal({ stdout: 1, exitCode: 0 });
      expect(stderr).to.match(/^[02]\n$/);
    });
  }

  it('colours and asks nothing in a pipe', async () => {
    const { stdout, stderr } = await rewind(['doctor'], { cwd: project, env: { TERM: 'xterm' } });
    expect(stdout + stderr).to.not.contain('\u001B');
    expect((await rewind(['doctor', '--ansi', 'always'], { cwd: project })).stdout).to.contain('\u001B[32m');
    expect((await run(SHIM, ['nope'], { env: { FORCE_COLOR: '1' } })).stderr).to.contain('\u001B[31m');
  });
});
