import { existsSync, readdirSync, rmSync } from 'node:fs';
import { expect } from 'chai';
import { TestProject } from './project.ts';
import { containerIds, leftovers } from './world.ts';

const FILES = ['compose.yml', 'more/included.yml', 'base.yml'];

describe('rollback --config', () => {
  let project: TestProject;
  afterEach(() => project.remove());

  /** A project of three files, deployed as v1; then all three changed, a service added, deployed as v2. */
  async function twoStates(): Promise<{ past: string[]; now: string[] }> {
    project = await TestProject.web();
    const all = (): string[] => FILES.map((name) => project.read(name));
    const compose = (tag: string, mood: string): string =>
      `include: [more/included.yml]\n${project.webFile(tag)}    extends: {file: base.yml, service: base}\n    environment: {MOOD: ${mood}}\n`;
    const helper = (mood: string): string =>
      `services:\n  helper:\n    image: ${project.repository}:v1\n    stop_grace_period: 1s\n    environment: {MOOD: ${mood}}\n`;
    const base = (level: string): string => `services:\n  base:\n    environment: {LEVEL: ${level}}\n`;
    const write = (texts: string[]) => FILES.forEach((name, index) => project.write(name, texts[index]!));
    write([compose('v1', 'calm'), helper('calm'), base('one')]);
    await project.must(['deploy']);
    const past = all();
    const extra = `  extra:\n    image: ${project.repository}:v1\n    stop_grace_period: 1s\n`;
    write([compose('v2', 'wild') + extra, helper('wild'), base('two')]);
    await project.must(['deploy']);
    return { past, now: all() };
  }

  const environment = async (service: string): Promise<string> => {
    const [container] = await project.containers(service);
    return (await project.docker(['exec', container!.id, 'env'])).stdout;
  };

  it('brings the files themselves back, also included and extended ones, and what they say runs', async () => {
    const { past } = await twoStates();
    const edited = `${project.read('base.yml')}# written at night\n`;
    project.write('base.yml', edited);
    const outcome = await project.json(['rollback', '--config', '--yes']);
    expect(outcome.document).to.include({ kind: 'rollback', target: 'v1', status: 'succeeded' });
    expect(FILES.map((name) => project.read(name))).to.deep.equal(past);
    expect(await project.answers()).to.equal('v1');
    expect(await environment('web')).to.match(/MOOD=calm[^]*LEVEL=one|LEVEL=one[^]*MOOD=calm/);
    expect(await environment('helper')).to.match(/MOOD=calm/);
    // What somebody wrote since, and nothing else has, is not lost.
    const copies = readdirSync(project.path('.rewind/compose/replaced'));
    expect(copies).to.have.length(1);
    expect(project.read(`.rewind/compose/replaced/${copies[0]}`)).to.equal(edited);
    // The service that v1 did not have is stopped, and keeps what is in it.
    expect((await project.containers('extra'))[0]).to.include({ status: 'exited' });
    expect((await project.rewind(['status'])).stdout).to.not.match(/drift/);
    expect(leftovers(project)).to.deep.equal([]);
  });

  it('is undone whole where it fails', async () => {
    const { now } = await twoStates();
    const services = ['web', 'helper', 'extra'];
    // v1 as it cannot run any more: it ends at once, and well.
    const kept = readdirSync(project.path('.rewind/compose')).find((name) => name.startsWith('v1-'));
    const copy = `.rewind/compose/${kept}/0`;
    project.write(
      copy,
      project.read(copy).replace('environment:', 'command: ["/app", "missing"]\n    environment:'),
    );
    const images = async () =>
      (await Promise.all(services.map((name) => project.containers(name))))
        .flat()
        .map(({ image, status, health }) => [image, status, health]);
    const before = await images();

    const outcome = await project.json(['rollback', '--config', '--yes']);
    expect(outcome.exitCode).to.equal(1);
    expect(outcome.document.error.message).to.match(
      /Everything is back as it was; recorded as failed \(v3\)/,
    );
    expect(FILES.map((name) => project.read(name))).to.deep.equal(now);
    expect(await images()).to.deep.equal(before);
    expect(await environment('web')).to.match(/MOOD=wild/);
    expect((await project.history())[0]).to.include({
      id: 'v3',
      kind: 'rollback',
      status: 'failed',
      target: 'v1',
    });
    expect((await project.rewind(['status'])).stdout).to.not.match(/drift/);
  });

  it('is refused with the reason where the files were not kept, or others were added since', async () => {
    await twoStates();
    project.write('compose.override.yml', 'services: {web: {environment: {MOOD: other}}}\n');
    const ids = await containerIds(project, 'web', 'helper', 'extra');
    const added = await project.json(['rollback', '--config', '--yes']);
    expect(added.exitCode).to.equal(4);
    expect(added.document.error.message).to.match(/v1 was deployed without compose.override.yml/);
    rmSync(project.path('compose.override.yml'));

    rmSync(project.path('.rewind/compose'), { recursive: true });
    const refused = await project.json(['rollback', '--config', '--yes']);
    expect(refused.exitCode).to.equal(4);
    expect(refused.document.error.message).to.match(/the Compose files of v1 are not on this host/);
    expect(refused.document.error.hint).to.match(/docker rewind rollback v1 brings its images back/);
    expect(await containerIds(project, 'web', 'helper', 'extra')).to.deep.equal(ids);
  });

  it('is refused where the image comes from an env file, and the way that it names works', async () => {
    project = await TestProject.web();
    project.write('.env', 'TAG=v1\n');
    project.write('compose.yml', project.webFile('${TAG}'));
    await project.must(['deploy']);
    project.write('compose.yml', `${project.webFile('${TAG}')}    environment: {MOOD: wild}\n`);
    await project.must(['deploy', `web=${project.repository}:v2`]);
    expect(project.read('.env')).to.equal('TAG=v2\n');
    const refused = await project.json(['rollback', '--config', '--yes']);
    expect(refused.exitCode).to.equal(4);
    expect(refused.document.error.message).to.match(/web would run \S+:v2, not \S+:v1.*env file/);
    await project.must(['rollback', 'v1', '--yes']);
    await project.must(['rollback', 'v1', '--config', '--yes']);
    expect(await project.answers()).to.equal('v1');
    expect(await environment('web')).to.not.match(/MOOD/);
    expect(existsSync(project.path('.env'))).to.equal(true);
  });
});
