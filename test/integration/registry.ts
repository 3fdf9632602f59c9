import { execa } from 'execa';
import { ROOT } from '../e2e/installed.ts';
import { until } from './world.ts';

/** A real registry on a free port of this host. */
export class Registry {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  readonly #container: string;

  private constructor(host: string, container: string) {
    this.host = host;
    this.#container = container;
  }

  static async start(): Promise<Registry> {
    await execa('sh', ['test/engine/images.sh', 'registry'], { cwd: ROOT });
    const publish = ['-p', '127.0.0.1::5000', '-e', 'REGISTRY_STORAGE_DELETE_ENABLED=true'];
    const { stdout } = await execa('docker', ['run', '-d', '--rm', ...publish, 'rewind-test/registry:2']);
    const port = await execa('docker', ['port', stdout, '5000/tcp']);
    const registry = new Registry(port.stdout.split('\n')[0] ?? '', stdout);
    await until('the registry', () =>
      fetch(`http://${registry.host}/v2/`).then(
        (response) => response.ok,
        () => false,
      ),
    );
    return registry;
  }

  /** The digest that a tag names there now; undefined where there is no such tag. */
  async digest(repository: string, tag: string): Promise<string | undefined> {
    const accept = [
      'application/vnd.docker.distribution.manifest.v2+json',
      'application/vnd.oci.image.manifest.v1+json',
      'application/vnd.oci.image.index.v1+json',
    ].join(', ');
    const url = `http://${this.host}/v2/${repository}/manifests/${tag}`;
    const response = await fetch(url, { method: 'HEAD', headers: { accept } });
    return response.ok ? (response.headers.get('docker-content-digest') ?? undefined) : undefined;
  }

  /** Deletes a manifest: whoever has only its digest cannot pull it any more. */
  async forget(repository: string, digest: string): Promise<void> {
    const url = `http://${this.host}/v2/${repository}/manifests/${digest}`;
    const response = await fetch(url, { method: 'DELETE' });
    if (!response.ok) throw new Error(`the registry says ${response.status}`);
  }

  async stop(): Promise<void> {
    await execa('docker', ['rm', '-f', '-v', this.#container]);
  }
}
