import { answerWithin } from '../questions.ts';
import type { Agent, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

export interface SocketAnswer {
  /** HTTP's. */
  status: number;
  body: string;
}

// The newest version of the engine's API that the questions were tried with; an older engine is asked in its own.
const API_VERSION = '1.47';

/** An engine behind a Unix socket, asked without a process for each question. Connections are kept while we live. */
export class EngineSocket {
  readonly #path: string;
  #agent: Agent | undefined;
  #version: Promise<string> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * `path`: behind the version, with its query. Rejects where the connection fails or ends before the answer does, and
   * with the signal's reason.
   */
  async ask(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    signal: AbortSignal,
    body?: object,
  ): Promise<SocketAnswer> {
    const version = await unlessAborted(this.prepare(), signal);
    const { status, text } = await this.#send(method, `/v${version}${path}`, signal, body);
    return { status, body: await text };
  }

  /** Asks what is answered when something has happened, however long that takes; the question does not keep us alive. */
  async waitFor(path: string): Promise<SocketAnswer> {
    const { status, text } = await this.#send('POST', `/v${await this.prepare()}${path}`);
    return { status, body: await text };
  }

  /**
   * Asks for a connection that carries raw streams from then on, in both directions. Undefined where the engine answers
   * anything else: then it has not begun. Rejects where nothing is known about that.
   */
  async upgrade(path: string, signal: AbortSignal, body: object): Promise<Duplex | undefined> {
    const version = await unlessAborted(this.prepare(), signal);
    const { request } = http();
    const content = JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const sent = request({
        ...NO_SERVER_NAME,
        socketPath: this.#path,
        method: 'POST',
        path: `/v${version}${path}`,
        headers: { ...HEADERS, ...contentHeaders(content), Connection: 'Upgrade', Upgrade: 'tcp' },
      });
      // Not for what comes after: the connection is the caller's then.
      const stop = (): void => void sent.destroy(signal.reason as Error);
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop, { once: true });
      for (const event of ['upgrade', 'response', 'error'])
        sent.once(event, () => signal.removeEventListener('abort', stop));
      sent.on('upgrade', (_response, socket, first) => {
        if (first.length > 0) socket.unshift(first);
        resolve(socket);
      });
      sent.on('response', (response) => {
        response.destroy();
        resolve(undefined);
      });
      sent.on('error', reject);
      sent.end(content);
    });
  }

  /** Learns which version of its API the engine speaks, once. */
  async prepare(): Promise<string> {
    this.#version ??= this.#negotiate();
    return this.#version.catch((error: unknown) => {
      this.#version = undefined;
      throw error;
    });
  }

  async #negotiate(): Promise<string> {
    const { headers, text } = await this.#send('GET', '/_ping', AbortSignal.timeout(answerWithin()));
    await text;
    const offered = headers['api-version'];
    if (typeof offered !== 'string' || !/^\d+\.\d+$/.test(offered)) throw new Error('no Docker engine');
    return isOlder(offered, API_VERSION) ? offered : API_VERSION;
  }

  async #send(
    method: string,
    path: string,
    signal?: AbortSignal,
    body?: object,
  ): Promise<{ status: number; headers: IncomingMessage['headers']; text: Promise<string> }> {
    const { Agent, request } = http();
    this.#agent ??= new Agent({ keepAlive: true, maxSockets: 8 });
    const agent = signal === undefined ? false : this.#agent;
    const content = body === undefined ? undefined : JSON.stringify(body);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request({
        ...NO_SERVER_NAME,
        socketPath: this.#path,
        agent,
        method,
        path,
        ...(signal === undefined ? {} : { signal }),
        headers: { ...HEADERS, ...contentHeaders(content) },
      });
      // Others do not wait for the connection of a question without an end.
      if (signal === undefined) sent.on('socket', (socket) => void socket.unref());
      sent.on('response', resolve);
      sent.on('error', reject);
      sent.end(content);
    });
    return { status: response.statusCode ?? 0, headers: response.headers, text: whole(response) };
  }
}

/** At first use, and not by `import`, which runs the getters of all that the module has, among them a whole client for fetch. */
const http = () => process.getBuiltinModule('node:http');

// Node would find out whether the host's name is an address: ten milliseconds for a name that a Unix socket has no use for.
const NO_SERVER_NAME = { servername: '' };

const HEADERS = { Host: 'docker', 'User-Agent': 'docker-rewind' };

function contentHeaders(content: string | undefined): Record<string, string | number> {
  if (content === undefined) return {};
  return { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(content) };
}

/** The same, but no longer than until the signal; others go on to wait for it. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const stop = (): void => aborted.reject(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  return Promise.race([work, aborted.promise]).finally(() => signal.removeEventListener('abort', stop));
}

/** Rejects where the connection ends before the answer does: Node tells by its length or its last chunk. */
async function whole(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  if (!response.complete) throw new Error('the answer was cut off');
  return Buffer.concat(chunks).toString();
}

function isOlder(a: string, b: string): boolean {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA < majorB || (majorA === majorB && minorA < minorB);
}
