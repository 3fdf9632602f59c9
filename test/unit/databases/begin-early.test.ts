import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { beginEarly, type EarlyWork } from '../../../src/databases/begin-early.ts';
import { HeadStartRunner } from '../../../src/docker/head-start.ts';
import type { Argv, StreamingRunner } from '../../../src/docker/runner.ts';

interface Running {
  id: string;
  service: string;
  image: string;
  command?: string[];
  project?: string;
}

const DB: Running = { id: 'd1', service: 'db', image: 'postgres:17', command: ['postgres'] };
const WEB: Running = { id: 'e1', service: 'web', image: 'nginx:1' };

describe('what is begun while Compose is at work', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'rewind-early-'));
    writeFileSync(join(directory, 'compose.yml'), 'services: {}\n');
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  /** The container and the name of the session of each way that is begun, and the database. */
  async function begun(
    running: readonly Running[],
    work: EarlyWork['work'],
    ...names: string[]
  ): Promise<string[]> {
    const argvs: Argv[] = [];
    const asked: string[] = [];
    const inspected = running.map(({ id, service, image, command, project = 'shop' }) => ({
      Id: id,
      Config: {
        Image: image,
        Labels: { 'com.docker.compose.project': project, 'com.docker.compose.service': service },
        Cmd: command ?? null,
        Entrypoint: ['docker-entrypoint.sh'],
      },
    }));
    const runner: StreamingRunner = {
      run: async (argv) => {
        asked.push(argv.join(' '));
        const stdout =
          argv[1] === 'ps' ? running.map(({ id }) => `${id}\n`).join('') : JSON.stringify(inspected);
        return { exitCode: 0, stdout, stderr: '' };
      },
      stream: async (argv, { output }) => {
        argvs.push(argv);
        return { result: { exitCode: 0, stdout: '', stderr: '' }, value: await output(new PassThrough()) };
      },
    };
    const early = new HeadStartRunner(runner);
    const options = { files: [], profiles: [], envFiles: [] } as unknown as EarlyWork['where']['options'];
    await beginEarly(early, { where: { options, cwd: directory, env: {} }, work, names });
    early.close();
    expect(asked[0]).to.contain(`working_dir=${directory}`);
    return argvs.map((argv) => {
      const at = argv.indexOf('rewind');
      return [argv[at - 4], argv[at + 1], argv[at + 2]].join('|');
    });
  }

  it('is the session and the dump of a database that is named', async () => {
    const session = 'd1|docker-rewind dump|shop';
    expect(await begun([WEB, DB], 'dump', 'db/shop')).to.deep.equal([session, session]);
    expect(await begun([WEB, DB], 'dump', 'db/shop', 'uploads')).to.deep.equal([session, session]);
  });

  it('is the question which databases there are, where none is named', async () => {
    const question = ['d1|docker-rewind dump|'];
    expect(await begun([DB, WEB], 'dump')).to.deep.equal(question);
    expect(await begun([DB], 'dump', 'db')).to.deep.equal(question);
    expect(await begun([DB], 'dump', 'db', 'db/shop')).to.deep.equal(question);
  });

  it('is a look before a restore', async () => {
    expect(await begun([DB], 'observe', 'db/shop')).to.deep.equal(['d1|docker-rewind look|']);
    expect(await begun([DB], 'observe')).to.deep.equal(['d1|docker-rewind look|']);
  });

  it('is nothing in what nobody names, in a client, and where it is not certain which project is meant', async () => {
    expect(await begun([DB], 'dump', 'uploads')).to.deep.equal([]);
    expect(await begun([{ ...DB, command: ['sleep', 'infinity'] }], 'dump')).to.deep.equal([]);
    expect(await begun([{ ...DB, command: ['psql', '-c', 'select 1'] }], 'observe')).to.deep.equal([]);
    expect(await begun([DB, { ...WEB, project: 'staging' }], 'dump')).to.deep.equal([]);
    expect(await begun([], 'dump')).to.deep.equal([]);
  });
});
