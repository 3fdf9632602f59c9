import { RewindError } from '../../errors.ts';
import type { EngineContext } from '../engine.ts';
import type { Access } from './access.ts';
import { Session } from './session.ts';

// The server forgets a pause by itself when we die.
const PAUSE_MS = 30_000;
const RENEW_MS = 3_000;

/**
 * Clients' writes wait, reads go on, until it is released. What they write then goes to the data that is in place by
 * that time: none of it is lost between the old and the new.
 */
export class Pause {
  readonly #session: Session;
  #timer: NodeJS.Timeout | undefined;
  #renewed = 0;
  #failure: unknown;
  #released = false;
  #renewing: Promise<void> = Promise.resolve();

  private constructor(session: Session) {
    this.#session = session;
  }

  static async begin(access: Access, context: EngineContext): Promise<Pause> {
    const pause = new Pause(new Session(access, context));
    try {
      await pause.#renew();
    } catch (error) {
      await pause.#session.close();
      throw error;
    }
    pause.#schedule();
    return pause;
  }

  /** Throws where the pause may have ended too early, so that something may have been written. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (performance.now() - this.#renewed < PAUSE_MS - RENEW_MS) return;
    throw new RewindError('PAUSE_ENDED', 'the pause of writes ended too early, this machine was too slow');
  }

  async release(): Promise<void> {
    this.#released = true;
    clearTimeout(this.#timer);
    await this.#renewing;
    // Where the connection is gone the server ends the pause by itself, or swapping back does.
    await this.#session.ask('CLIENT', 'UNPAUSE').catch(() => []);
    await this.#session.close();
  }

  async #renew(): Promise<void> {
    const asked = performance.now();
    await this.#session.ask('CLIENT', 'PAUSE', String(PAUSE_MS), 'WRITE');
    this.#renewed = asked;
  }

  #schedule(): void {
    if (this.#released) return;
    this.#timer = setTimeout(() => {
      this.#renewing = this.#renew().then(
        () => this.#schedule(),
        (error: unknown) => void (this.#failure = error),
      );
    }, RENEW_MS);
  }
}
