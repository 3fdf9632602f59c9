import { docker } from '../e2e/installed.ts';
import { until } from './world.ts';

const OPTIONS = ['-p', '127.0.0.1::5000', '-e', 'REGISTRY_STORAGE_DELETE_ENABLED=true'];

/** A registry of its own on a free port of this host. */
export class TestRegistry {
  readonly #container: string;
  /** `127.0.0.1:PORT`, as it stands in image references. */
  readonly host: string;

  private constructor(container: string, host: string) {
    this.#container = container;
    this.host = host;
  }

  static async start(): Promise<TestRegistry> {
    const started = await docker(['run', '-d', ...OPTIONS, 'rewind-test/registry:2']);
    if (started.exitCode !== 0) throw new Error(started.stderr);
    const container = started.stdout.trim();
    const port = await docker(['port', container, '5000/tcp']);
    const registry = new TestRegistry(container, port.stdout.trim().split('\n')[0] ?? '');
    await until('the registry', async () =>
      fetch(`http://${registry.host}/v2/`).then(
        (response) => response.ok,
        () => false,
      ),
    );
    return registry;
  }

  /** The tags of a repository, sorted. */
  async tags(repository: string): Promise<string[]> {
    const response = await fetch(`http://${this.host}/v2/${repository}/tags/list`);
    const { tags } = (await response.json()) as { tags?: string[] | null };
    return (tags ?? []).sort();
  }

  /** The digest that a tag names, `sha256:…`; null where there is no such tag. */
  async digest(repository: string, tag: string): Promise<string | null> {
    const accept = [
      'application/vnd.docker.distribution.manifest.v2+json',
      'application/vnd.oci.image.manifest.v1+json',
      'application/vnd.oci.image.index.v1+json',
    ].join(', ');
    const response = await fetch(`http://${this.host}/v2/${repository}/manifests/${tag}`, {
      method: 'HEAD',
      headers: { accept },
    });
    return response.ok ? response.headers.get('docker-content-digest') : null;
  }

  /** Deletes what a tag names: whoever has only its digest cannot pull it any more. */
  async forget(repository: string, tag: string): Promise<void> {
    const url = `http://${this.host}/v2/${repository}/manifests/${await this.digest(repository, tag)}`;
    const response = await fetch(url, { method: 'DELETE' });
    if (!response.ok) throw new Error(`the registry says ${response.status}`);
  }

  async remove(): Promise<void> {
    await docker(['rm', '-f', '-v', this.#container]);
  }
}
