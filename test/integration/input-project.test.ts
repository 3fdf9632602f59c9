import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { rewind, type RunSettings } from '../e2e/installed.ts';
import { TestProject } from './project.ts';

/** What bad input gets: one line, what to do, the exit code; the same as a document; no trace of it on disk. */
interface Case {
  what: string;
  text: string;
  commands: string[][];
  exitCode: number;
  message: RegExp;
  hint: RegExp;
  settings?: RunSettings;
}

const ALL = [
  ['deploy'],
  ['rollback', '--yes'],
  ['status'],
  ['history'],
  ['show', 'v1'],
  ['diff', 'v1', 'v2'],
];
const CHANGING = [['deploy'], ['rollback', '--yes'], ['status']];
const WEB = 'name: rwinput\nservices:\n  web:\n    image: rewind-test/input:v1\n';
const unreachable = { DOCKER_HOST: 'unix:///nonexistent/docker.sock' };

const CASES: Case[] = [
  {
    what: 'invalid YAML',
    text: 'services:\n  web: [\n',
    commands: ALL,
    exitCode: 2,
    message: /cannot read .*: yaml: /,
    hint: /docker compose config/,
  },
  {
    what: 'what is no Compose file',
    text: 'name: rwinput\nservices:\n  web:\n    imaeg: x\n',
    commands: ALL,
    exitCode: 2,
    message: /imaeg/,
    hint: /docker compose config/,
  },
  {
    what: 'an unknown x-rewind key',
    text: `${WEB}x-rewind: {enviroment: staging}\n`,
    commands: ALL,
    exitCode: 2,
    message: /x-rewind.enviroment is not a known key/,
    hint: /Did you mean environment\?/,
  },
  {
    what: 'an unknown service in x-rewind',
    text: `${WEB}x-rewind: {services: {wbe: {release: true}}}\n`,
    commands: CHANGING,
    exitCode: 2,
    message: /x-rewind.services.wbe is no service/,
    hint: /Did you mean web\?/,
  },
  {
    what: 'an engine that does not answer',
    text: WEB,
    commands: CHANGING,
    exitCode: 1,
    message: /^the Docker engine cannot be reached/,
    hint: /systemctl start docker/,
    settings: { env: unreachable },
  },
  {
    what: 'an image that does not exist',
    text: WEB,
    commands: [['deploy']],
    exitCode: 1,
    message: /^rewind-test\/input:v1 is not on this host and cannot be pulled: .*Nothing was changed$/,
    hint: /Check the name and tag/,
  },
];

describe('bad input: the project', () => {
  let project: TestProject;
  beforeEach(() => (project = new TestProject()));
  afterEach(() => project.remove());

  for (const { what, text, commands, exitCode, message, hint, settings } of CASES) {
    it(`${what}: ${commands.map(([verb]) => verb).join(', ')}`, async () => {
      project.write('compose.yml', text);
      for (const command of commands) {
        const verb = command.join(' ');
        const { document, ...outcome } = await project.json(command, settings);
        expect(outcome.exitCode, verb).to.equal(exitCode);
        expect(document.error.exitCode, verb).to.equal(exitCode);
        expect(document.error.message, verb).to.match(message);
        expect(document.error.hint, verb).to.match(hint);
        const { stdout, stderr } = await project.rewind(command, settings);
        expect(stdout, verb).to.equal('');
        const lines = stderr.split('\n').filter((line) => !/^(\[|  |$)/.test(line));
        expect(lines, verb).to.have.length(2);
        expect(lines[0]).to.match(/^docker rewind: /);
        expect(lines[1]).to.match(/^→ /);
        expect(stderr, verb).to.not.match(/\bat .*:\d+:\d+/);
      }
      expect(readdirSync(project.directory), 'a trace on disk').to.deep.equal(['compose.yml']);
      expect(project.read('compose.yml')).to.equal(text);
    });
  }

  it('no compose file: every command', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'rwempty-'));
    try {
      for (const command of ALL) {
        const { exitCode, stderr } = await rewind(command, { cwd: empty });
        expect(exitCode, command[0]).to.equal(2);
        expect(stderr).to.match(
          /^docker rewind: there is no Compose file in \S+ or above it\n→ .*-f path\/compose.yml/,
        );
        const named = await rewind([...command, '-f', 'missing.yml'], { cwd: empty });
        expect(named.exitCode, command[0]).to.equal(2);
        expect(named.stderr).to.match(/^docker rewind: .*missing.yml/);
      }
      expect(existsSync(join(empty, '.rewind'))).to.equal(false);
    } finally {
      rmSync(empty, { recursive: true });
    }
  });
});
