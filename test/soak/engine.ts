import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { execa } from 'execa';
import { until } from '../integration/world.ts';

const STARTS = 5;
const IMAGES = ['rewind-test/app:base', 'rewind-test/helper:1', 'rewind-test/postgres:15'];

/**
 * A dockerd of our own, that may be killed. It has a network namespace of its own: without a bridge it would remove the
 * bridge of the host's engine.
 */
export class OwnEngine {
  readonly host: string;
  readonly #root: string;
  #process: ChildProcess | undefined;

  constructor(root: string) {
    this.#root = root;
    mkdirSync(root, { recursive: true });
    this.host = `unix://${join(root, 'docker.sock')}`;
  }

  /** Started again where it gives up (on a containerd that just died, for one), as whoever looks after a service does. */
  async start(): Promise<void> {
    for (let tries = 1; ; tries++) {
      const started = this.#spawn();
      const ended = (): boolean => started.exitCode !== null || started.signalCode !== null;
      const answers = async (): Promise<boolean> => (await this.docker('version')).exitCode === 0;
      await until('an answer of dockerd', async () => ended() || (await answers()), 120_000);
      if (!ended()) return;
      if (tries === STARTS) throw new Error(`dockerd does not start: ${this.#path('dockerd.log')}`);
    }
  }

  #spawn(): ChildProcess {
    const log = openSync(this.#path('dockerd.log'), 'a');
    // unshare becomes dockerd: a signal to the one is a signal to the other.
    this.#process = spawn('unshare', [
      '--net', 'dockerd', '--host', this.host, '--data-root', this.#path('data'), '--exec-root', this.#path('exec'),
      '--pidfile', this.#path('pid'), '--bridge', 'none', '--iptables=false', '--ip6tables=false', '--ip-masq=false',
    ], { stdio: ['ignore', log, log], detached: true }); // prettier-ignore
    closeSync(log);
    return this.#process;
  }

  /** Takes the images of the tests over from the engine that has them. */
  async loadImages(): Promise<void> {
    const saved = execa('docker', ['save', ...IMAGES], { encoding: 'buffer', maxBuffer: 2 ** 31 });
    await execa('docker', ['--host', this.host, 'load'], { input: (await saved).stdout });
  }

  /** Kills or stops dockerd, and brings it up again. Containers that ran without a restart policy are down then. */
  async restart(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    await this.stop(signal);
    await this.start();
  }

  async stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const running = this.#process;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const gone = new Promise((resolve) => running.once('exit', resolve));
    running.kill(signal);
    await gone;
  }

  async docker(...args: string[]) {
    return execa('docker', ['--host', this.host, ...args], { reject: false });
  }

  async remove(): Promise<void> {
    const ids = (await this.docker('ps', '-aq')).stdout.split('\n').filter((line) => line !== '');
    if (ids.length > 0) await this.docker('rm', '-f', ...ids);
    await this.stop('SIGTERM');
    const containerd = this.#path('exec/containerd/containerd.pid');
    try {
      process.kill(Number(readFileSync(containerd, 'utf8')), 'SIGKILL');
    } catch {
      // It went with dockerd.
    }
    // dockerd makes its root a mount, and leaves it.
    await execa('umount', ['--lazy', this.#path('data')], { reject: false });
  }

  #path(name: string): string {
    return join(this.#root, name);
  }
}
