import { expect } from 'chai';
import { TestProject } from './project.ts';
import { leftovers, worldOf } from './world.ts';

describe('a rollback that fails', () => {
  let project: TestProject;
  afterEach(() => project.remove());

  it('goes back to what ran, says why, and is recorded as failed', async () => {
    project = await TestProject.web();
    // Healthy only while the world outside is as v1 needs it.
    const check = 'if [ "$${APP_VERSION#*-}" = v1 ]; then test -e /data/legacy; else /app health; fi';
    const rest = `    volumes: ["./data:/data"]\n    healthcheck: {test: '${check}', interval: 200ms, timeout: 5s, retries: 2, start_period: 1s}\n`;
    project.write('compose.yml', project.webFile('v1') + rest);
    project.write('data/legacy', '');
    await project.must(['deploy']);
    await project.must(['deploy', `web=${project.repository}:v2`]);
    await project.docker([
      'run',
      '--rm',
      '-v',
      `${project.directory}/data:/d`,
      'rewind-test/alpine:3.20',
      'rm',
      '/d/legacy',
    ]);
    await project.image('v1', 'ok', 'moved');
    const world = await worldOf(project);

    const outcome = await project.json(['rollback', '--yes']);
    expect(outcome.exitCode).to.equal(1);
    expect(outcome.document.error.message).to.match(
      /Everything is back as it was; recorded as failed \(v3\)/,
    );
    expect(outcome.document.error.details.join('\n')).to.match(
      /last log lines[^]*app \S+-v1 \(ok\) starting\n.*last health check \(exit code 1\) printed nothing/,
    );
    expect(await worldOf(project)).to.deep.equal(world);
    expect(await project.answers()).to.equal('v2');
    const [failed, , v1] = await project.history();
    expect(failed).to.include({ id: 'v3', kind: 'rollback', status: 'failed', target: 'v1' });
    expect(failed.services.web).to.include({ previousImage: `${project.repository}:v2` });
    expect(failed.services.web.image).to.match(/:v1-[0-9a-f]{12}$/);
    // The only name of the recorded image stays: without it the engine would have deleted the image.
    const tags = await project.docker(['image', 'ls', '--format', '{{.Tag}}', project.repository]);
    expect(tags.stdout.split('\n').sort()).to.deep.equal([
      '',
      'v1',
      failed.services.web.image.split(':')[1],
      'v2',
    ]);
    expect(await project.imageId(v1.services.web.imageId)).to.equal(v1.services.web.imageId);
    expect(leftovers(project)).to.deep.equal([]);
    expect((await project.rewind(['status'])).exitCode).to.equal(0);

    // The failed one is no target, and the current one is still v2's.
    const again = await project.json(['rollback', 'v3', '--yes', '--dry-run']);
    expect(again.exitCode).to.equal(4);
    expect((await project.json(['rollback', '--dry-run'])).document.target).to.equal('v1');
  });
});
