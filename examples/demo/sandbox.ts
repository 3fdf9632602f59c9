// Where the demo plays: a copy of the shop in a git repository of its own, a Compose project of its own, a free port,
// and a Docker configuration in which this checkout is installed as the plugin. The user's own files stay as they are.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

export class Sandbox {
  readonly folder: string;
  readonly shop: string;
  readonly project: string;
  readonly url: string;
  readonly env: NodeJS.ProcessEnv;
  readonly #docker: string;
  #running: ChildProcess | undefined;

  private constructor(port: number) {
    this.folder = mkdtempSync(join(tmpdir(), 'rewind-demo-'));
    this.shop = join(this.folder, 'shop');
    this.#docker = join(this.folder, 'docker');
    this.project = `rewind-demo-${process.pid}`;
    this.url = `http://127.0.0.1:${port}/`;
    // Compose settings of the user's shell belong to other projects.
    const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('COMPOSE_'));
    this.env = {
      ...Object.fromEntries(kept),
      DOCKER_CONFIG: this.#docker,
      COMPOSE_PROJECT_NAME: this.project,
      SHOP_PORT: String(port),
    };
  }

  static async create(): Promise<Sandbox> {
    const sandbox = new Sandbox(await freePort());
    cpSync(join(root, 'examples/shop'), sandbox.shop, { recursive: true });
    sandbox.#commitShop();
    sandbox.#installPlugin();
    return sandbox;
  }

  /** Runs a command in the shop with the terminal as its own, and gives its exit code. */
  run(program: string, ...args: string[]): Promise<number> {
    return new Promise((done, fail) => {
      const child = spawn(program, args, { cwd: this.shop, env: this.env, stdio: 'inherit' });
      child.on('error', fail);
      child.on('close', (code) => done(code ?? 130));
      this.#running = child;
    });
  }

  /** Passes a signal on to the command that runs now. A terminal's Ctrl-C reaches it without that. */
  signal(signal: NodeJS.Signals): void {
    this.#running?.kill(signal);
  }

  /** Takes away everything that the demo made, except for the images. */
  remove(): boolean {
    const down = spawnSync('docker', ['compose', 'down', '--volumes', '--remove-orphans', '--timeout', '2'], {
      cwd: this.shop,
      env: this.env,
      encoding: 'utf8',
    });
    if (down.status !== 0) {
      process.stderr.write(`${down.stderr}\n`);
      return false;
    }
    rmSync(this.folder, { recursive: true, force: true });
    return true;
  }

  /** History entries name the commit that was deployed from. Without git on the machine they name none. */
  #commitShop(): void {
    const git = (...args: string[]): boolean =>
      spawnSync('git', args, { cwd: this.shop, stdio: 'ignore' }).status === 0;
    if (!git('init', '--quiet')) return;
    git('add', '.');
    git(
      '-c',
      'user.name=Demo',
      '-c',
      'user.email=demo@localhost',
      'commit',
      '--quiet',
      '-m',
      'The shop opens',
    );
  }

  /** The user's contexts, credentials and plugins stay reachable through links; only our plugin is added. */
  #installPlugin(): void {
    const own = process.env['DOCKER_CONFIG'] ?? join(homedir(), '.docker');
    const plugins = join(this.#docker, 'cli-plugins');
    mkdirSync(plugins, { recursive: true });
    linkAll(own, this.#docker, 'cli-plugins');
    linkAll(join(own, 'cli-plugins'), plugins, 'docker-rewind');
    symlinkSync(join(root, 'bin/docker-rewind'), join(plugins, 'docker-rewind'));
  }
}

function linkAll(from: string, to: string, except: string): void {
  if (!existsSync(from)) return;
  for (const name of readdirSync(from)) {
    if (name !== except) symlinkSync(resolve(from, name), join(to, name));
  }
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.on('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => done(port));
    });
  });
}
