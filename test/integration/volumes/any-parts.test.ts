import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { generator } from '../../random.ts';
import { DataProject } from './data-project.ts';

const POINTS = Number(process.env['REWIND_TEST_POINTS'] ?? 5);
const FILES = 2;

describe('any change of large files', () => {
  let project: DataProject;
  afterEach(() => project.remove());

  const seed = Number(process.env['REWIND_TEST_SEED'] ?? Date.now() % 1_000_000);

  it(`comes back exactly, also when it comes while services stop (REWIND_TEST_SEED=${seed})`, async () => {
    const random = generator(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T;
    /** In the service's shell. That blocks become again what they were is as likely as not. */
    const changes = (most: number): string =>
      Array.from({ length: below(most + 1) }, () => {
        const [file, other] = [`f${below(FILES)}`, `f${below(FILES)}`];
        return pick([
          ...Array<string>(9).fill(
            `dd if=/hooks/${pick(['a', 'b'])} of=${file} bs=65536 seek=${below(2)} conv=notrunc`,
          ),
          `echo ${below(99)} >>${file}`,
          `truncate -s ${4_194_304 + below(3) * 65_536 - 1 + below(3)} ${file}`,
          `chmod ${pick(['640', '644'])} ${file}`,
          `mv ${file} t ; mv ${other} ${file} ; mv t ${other}`,
          `cp ${file} t ; mv t ${file}`,
          `touch ${file}`,
          pick([`ln -f ${file} l${file}`, `rm -f l${file}`]),
          `head -c 4300000 /dev/urandom >${file}`,
          `echo ${below(99)} >small${below(9)}`,
        ]);
      }).join('\n');

    project = new DataProject();
    for (const name of ['a', 'b']) project.write(`hooks/${name}`, randomBytes(65_536).toString('latin1'));
    project.write('hooks/stop', '');
    project.writeFile({});
    const command = [
      'sh',
      '-c',
      "trap 'cd /data ; sh /hooks/stop 2>/dev/null ; exit 0' TERM ; /app serve & wait",
    ];
    project.write(
      'compose.yml',
      project
        .read('compose.yml')
        .replace(
          '    volumes:\n',
          () => `    command: ${JSON.stringify(command)}\n    volumes:\n      - ./hooks:/hooks:ro\n`,
        ),
    );
    await project.compose(['up', '-d', '--wait', '--no-build', '--pull', 'never']);
    await project.inService(`cd /data
      for n in 0 1 ; do
        head -c 4300000 /dev/urandom >f$n
        cat /hooks/a /hooks/a | dd of=f$n conv=notrunc
      done
      head -c 12000000 /dev/urandom >still`);

    const points: { id: string; snapshot: string }[] = [];
    let parts = 0;
    for (let n = 0; n < POINTS; n++) {
      // Nothing at all: the first pass reuses the last point.
      if (random() < 0.4) await project.inService(`cd /data\n${changes(3)}\ntrue`);
      project.write('hooks/stop', random() < 0.9 ? changes(3) : '');
      const point = await project.backup(...(random() < 0.15 ? ['--mode', 'hot'] : []));
      parts += point.volumes[0].layers.filter((layer: any) => layer.blocks !== undefined).length;
      points.push({ id: point.id, snapshot: await project.snapshot() });
    }
    const copy = `${project.name}_copy`;
    for (const { id, snapshot } of points.toReversed()) {
      await project.must(['restore', id, '--only', 'data', '--to-volume', copy]);
      expect(await project.snapshot(copy), id).to.equal(snapshot);
      await project.docker(['volume', 'rm', copy]);
    }
    if (POINTS > 10) expect(parts).to.be.above(0);
    expect(await project.leftovers()).to.deep.equal([]);
  });
});
