import { expect } from 'chai';
import { until } from '../world.ts';
import { DataProject, HELPER_IMAGE } from './data-project.ts';

// One writes a number once the other one has written the number before: what lies in the volume at any one moment is the
// same number twice, or one more in `a`.
const TURN = (own: string, other: string, ahead: number): string =>
  [
    `n=$$(cat /data/${own} 2>/dev/null || echo 0)`,
    `while :; do [ "$$(cat /data/${other} 2>/dev/null || echo 0)" = $$((n + ${ahead})) ] || { sleep 0.02; continue; }`,
    `n=$$((n + 1)); echo $$n >/data/.${own} && mv /data/.${own} /data/${own}; done`,
  ].join('; ');

describe('several writers of one volume', () => {
  let project: DataProject;
  after(() => project.remove());

  it('are paused at the same moment, so that what they wrote fits together', async () => {
    project = await DataProject.make();
    await project.compose(['down', '-v']);
    const service = (name: string, script: string): string[] => [
      `  ${name}:`,
      '    image: rewind-test/app:base',
      `    entrypoint: ['sh', '-c', '${script}']`,
      '    stop_grace_period: 0s',
      "    healthcheck: {test: ['CMD', 'false'], interval: 200ms, retries: 1, start_period: 1ms}",
      "    volumes: ['data:/data']",
    ];
    project.write(
      'compose.yml',
      [
        `name: ${project.name}`,
        'services:',
        ...service('a', TURN('a', 'b', 0)),
        ...service('b', TURN('b', 'a', 1)),
        'volumes: {data: {}}',
        `x-rewind: {helper_image: '${HELPER_IMAGE}', volumes: {data: {mode: pause}}}`,
        '',
      ].join('\n'),
    );
    await project.compose(['up', '-d', '--pull', 'never']);
    // Nothing answers their health checks, and still their data can be taken.
    await until('both unhealthy', async () =>
      [...(await project.containers('a')), ...(await project.containers('b'))].every(
        ({ health }) => health === 'unhealthy',
      ),
    );
    const numberOf = async (name: string): Promise<number> =>
      Number(await project.inside(`cat ${name} 2>/dev/null || echo 0`));
    for (const round of [1, 2]) {
      await until('both at work', async () => (await numberOf('b')) >= round);
      const taken = await project.backup();
      expect(taken.volumes[0].consistency).to.equal('paused');
      expect(Object.keys(taken.downtime).sort()).to.deep.equal(['a', 'b']);
      await project.must(['restore', taken.id, '--to-volume', `${project.name}_round${round}`, '--yes']);
      const { stdout } = await project.docker([
        'run', '--rm', '-v', `${project.name}_round${round}:/data`, 'rewind-test/app:base', 'cat', '/data/a', '/data/b',
      ]); // prettier-ignore
      const [a = NaN, b = NaN] = stdout.trim().split('\n').map(Number);
      expect([b, b + 1], stdout).to.include(a);
      const before = await numberOf('b');
      await until('both at work again', async () => (await numberOf('b')) > before);
      await project.docker(['volume', 'rm', `${project.name}_round${round}`]);
    }
    await project.must(['backup', '--mode', 'stop']);
    expect(
      [...(await project.containers('a')), ...(await project.containers('b'))].map(({ status }) => status),
    ).to.deep.equal(['running', 'running']);
  });
});
