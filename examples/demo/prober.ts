// Asks for the shop's front page all the time, as its customers do, and keeps what really came back.
import { get } from 'node:http';

const EVERY_MS = 100;
/** A customer does not wait longer; it counts as no answer. */
const PATIENCE_MS = 5000;
/** Nobody else comes while so many wait: a slow machine is not to be kept busy with what nobody waits for any more. */
const MOST_AT_ONCE = 8;

/** One request. `status` 0 means that nobody answered. */
export interface Probe {
  readonly at: number;
  readonly status: number;
  readonly version: string;
}

export interface Phase {
  readonly name: string;
  readonly startedAt: number;
  readonly probes: Probe[];
}

export class Prober {
  readonly phases: Phase[] = [];
  readonly #url: string;
  readonly #pending = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /** Requests sent from now on belong to this phase. */
  enter(name: string): Phase {
    const phase: Phase = { name, startedAt: Date.now(), probes: [] };
    this.phases.push(phase);
    this.#timer ??= setInterval(() => this.#send(), EVERY_MS);
    return phase;
  }

  /** Waits for the answers to all requests sent so far: no number of an earlier phase changes after that. */
  async settle(): Promise<void> {
    await Promise.all(this.#pending);
  }

  /** Waits until that many requests of the current phase have been answered or given up. */
  async observe(count: number): Promise<void> {
    const phase = this.phases.at(-1);
    while (phase && this.#timer && phase.probes.length < count) {
      // The next request is on its way by then: nothing else to wait for.
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
      await this.settle();
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.settle();
  }

  #send(): void {
    const phase = this.phases.at(-1);
    if (!phase || this.#pending.size >= MOST_AT_ONCE) return;
    const asked = ask(this.#url).then((probe) => {
      phase.probes.push(probe);
      this.#pending.delete(asked);
    });
    this.#pending.add(asked);
  }
}

/** The version that answered is in the `Server` header (`shop/2.0.0`), also when the answer is an error. */
function ask(url: string): Promise<Probe> {
  const at = Date.now();
  return new Promise((resolve) => {
    const nobody = (): void => resolve({ at, status: 0, version: '' });
    // A connection each: a kept one would hide that the server behind it is gone.
    const request = get(url, { agent: false, timeout: PATIENCE_MS }, (response) => {
      const [, version = '?'] = /^shop\/(\S+)/.exec(String(response.headers['server'])) ?? [];
      response.on('error', nobody);
      response.on('end', () => resolve({ at, status: response.statusCode ?? 0, version }));
      response.resume();
    });
    request.on('timeout', () => request.destroy());
    request.on('error', nobody);
  });
}
