import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { EXTRACT_GNU, INDEX_GNU } from '../../../src/restore-points/volume/scripts.ts';

describe('the scripts of the helper container', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'rewind-scripts-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const program = (name: string, body: string): void =>
    writeFileSync(join(directory, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });

  it('say how each program ended on lines of their own, whatever the others are saying at that moment', () => {
    program('zstd', 'cat; exit 3');
    // Half a line, then everything that zstd and its report have to say, then the rest.
    program(
      'tar',
      'printf "tar: ./file: " >&2; cat >/dev/null; echo "something" >&2; printf half >&2; exit 2',
    );
    const { stderr, status } = spawnSync('sh', ['-c', EXTRACT_GNU, 'rewind', directory, '1000000', ''], {
      input: 'archive',
      encoding: 'utf8',
      env: { PATH: `${directory}:${process.env['PATH'] ?? ''}` },
    });
    expect(status).to.equal(0);
    expect(stderr.split('\n')).to.include.members([
      'tar: ./file: something',
      'rewind: zstd 3',
      'rewind: tar 2',
    ]);
  });

  it('take the time of an index from the clock that files are stamped with: none written later looks older', () => {
    program('find', 'echo x >written');
    for (let n = 0; n < 40; n++) {
      const { stdout } = spawnSync('sh', ['-c', INDEX_GNU, 'rewind', directory, ''], {
        encoding: 'latin1',
        env: { PATH: `${directory}:${process.env['PATH'] ?? ''}` },
      });
      const taken = /^\/\/time (\d+)\.(\d{9})/.exec(stdout);
      const nanoseconds = BigInt(`${taken?.[1]}${taken?.[2]}`);
      const { mtimeNs } = statSync(join(directory, 'written'), { bigint: true });
      expect(mtimeNs >= nanoseconds, `${mtimeNs} is before ${nanoseconds}`).to.equal(true);
    }
  });
});
