import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  docker,
  rewind,
  rewindTty,
  type RunOutcome,
  type RunSettings,
  type TtySession,
} from '../e2e/installed.ts';
import { makeAppImage, type Mode } from './app-image.ts';
import { ask, drop, filtered, withLabels } from './engine-answers.ts';

/** A container as the engine describes it now. */
export interface Running {
  id: string;
  name: string;
  image: string;
  imageId: string;
  status: string;
  health: string | undefined;
}

interface Inspected {
  Id: string;
  Name: string;
  Image: string;
  Config: { Image: string };
  State: { Status: string; Health?: { Status: string } };
}

/** A service that nobody asks from outside: making and removing a network takes as long as all else of a small project. */
export const NO_NETWORK = ['    network_mode: none'] as const;

/** A Compose project of its own on the real engine: directory, name and images that no other test shares. */
export class TestProject {
  readonly name: string;
  readonly directory: string;
  /** The repository of this project's own images. */
  readonly repository: string;
  #images = new Set<string>();

  constructor() {
    this.name = `rwt${randomBytes(5).toString('hex')}`;
    this.directory = mkdtempSync(join(tmpdir(), `${this.name}-`));
    this.repository = `rewind-test/${this.name}`;
  }

  /** A project with one service `web` with a health check, its file saying `v1`; images as given. */
  static async web(versions: Readonly<Record<string, Mode>> = { v1: 'ok', v2: 'ok' }): Promise<TestProject> {
    const project = new TestProject();
    project.write('compose.yml', project.webFile('v1'));
    await Promise.all(Object.entries(versions).map(([tag, mode]) => project.image(tag, mode)));
    return project;
  }

  webFile(tag: string): string {
    return [
      `name: ${this.name}`,
      'services:',
      '  web:',
      `    image: ${this.repository}:${tag}   # the tag`,
      '    stop_grace_period: 1s',
      ...NO_NETWORK,
      '',
    ].join('\n');
  }

  /** Makes the image `repository:tag`, whose /version says `<project>-<content>`. */
  async image(tag: string, mode: Mode = 'ok', content: string = tag): Promise<string> {
    const reference = tag.includes('/') ? tag : `${this.repository}:${tag}`;
    await makeAppImage(reference, `${this.name}-${content}`, mode);
    this.#images.add(reference);
    return reference;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  write(name: string, content: string | Buffer): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), content);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  rewind(args: readonly string[], settings: RunSettings = {}): Promise<RunOutcome> {
    return rewind(args, { cwd: this.directory, ...settings });
  }

  /** Runs and parses the one JSON document; throws with everything that was said where there is none. */
  async json<T = any>(
    args: readonly string[],
    settings: RunSettings = {},
  ): Promise<{ exitCode: number; document: T }> {
    const outcome = await this.rewind([...args, '--json'], settings);
    try {
      return { exitCode: outcome.exitCode, document: JSON.parse(outcome.stdout) as T };
    } catch {
      throw new Error(`no JSON document (exit ${outcome.exitCode}): ${outcome.stdout}\n${outcome.stderr}`);
    }
  }

  /** Runs and requires success. */
  async must(args: readonly string[], settings: RunSettings = {}): Promise<RunOutcome> {
    const outcome = await this.rewind(args, settings);
    if (outcome.exitCode !== 0)
      throw new Error(
        `rewind ${args.join(' ')}: exit ${outcome.exitCode}\n${outcome.stdout}${outcome.stderr}`,
      );
    return outcome;
  }

  tty(args: readonly string[], settings: Parameters<typeof rewindTty>[1] = {}): Promise<TtySession> {
    return rewindTty(args, { cwd: this.directory, ...settings });
  }

  docker(args: readonly string[], settings: RunSettings = {}): Promise<RunOutcome> {
    return docker(args, { cwd: this.directory, ...settings });
  }

  /** The first container of a service: `docker exec` takes a third of the processor time of `docker compose exec`. */
  containerOf(service: string): string {
    return `${this.name}-${service}-1`;
  }

  /** The containers of a service, stopped ones too. */
  async containers(service = 'web'): Promise<Running[]> {
    const labels = withLabels(
      `com.docker.compose.project=${this.name}`,
      `com.docker.compose.service=${service}`,
    );
    const listed = (await ask<{ Id: string }[]>(`/containers/json?all=1&${labels}`)) ?? [];
    const inspected = await Promise.all(listed.map(({ Id }) => ask<Inspected>(`/containers/${Id}/json`)));
    // One may have gone in between.
    const parsed = inspected.filter((entry) => entry !== undefined);
    return parsed.map((entry) => ({
      id: entry.Id,
      name: entry.Name.slice(1),
      image: entry.Config.Image,
      imageId: entry.Image,
      status: entry.State.Status,
      health: entry.State.Health?.Status,
    }));
  }

  /** The image ID that a reference names in the engine now. */
  async imageId(reference: string): Promise<string> {
    return (await ask<{ Id: string }>(`/images/${reference}/json`))?.Id ?? '';
  }

  /** What the service really answers at /version, without the project's prefix. */
  async answers(service = 'web'): Promise<string> {
    const [container] = await this.containers(service);
    if (container === undefined) return 'no container';
    const result = await this.docker([
      'exec',
      container.id,
      'wget',
      '-q',
      '-O',
      '-',
      'http://127.0.0.1:8080/version',
    ]);
    return result.stdout.trim().replace(`${this.name}-`, '');
  }

  async history(): Promise<any[]> {
    return (await this.json(['history'])).document.deployments;
  }

  /** Removes containers, networks, volumes, images and the directory of this project, whatever the test left. */
  async remove(): Promise<void> {
    const own = withLabels(`com.docker.compose.project=${this.name}`);
    const containers = (await ask<{ Id: string }[]>(`/containers/json?all=1&${own}`)) ?? [];
    await Promise.all(containers.map(({ Id }) => drop(`/containers/${Id}?force=1&v=1`)));
    const networks = (await ask<{ Id: string }[]>(`/networks?${own}`)) ?? [];
    await Promise.all(networks.map(({ Id }) => drop(`/networks/${Id}`)));
    for (const label of [own, withLabels(`docker-rewind.lock=${this.name}`)]) {
      const listed = await ask<{ Volumes: { Name: string }[] | null }>(`/volumes?${label}`);
      await Promise.all((listed?.Volumes ?? []).map(({ Name }) => drop(`/volumes/${Name}?force=1`)));
    }
    const ofProject = filtered({ reference: [this.repository] });
    const listed = (await ask<{ RepoTags: string[] | null }[]>(`/images/json?${ofProject}`)) ?? [];
    const images = new Set([...listed.flatMap(({ RepoTags }) => RepoTags ?? []), ...this.#images]);
    for (const image of images) await drop(`/images/${image}?force=1`);
    rmSync(this.directory, { recursive: true, force: true });
  }
}
