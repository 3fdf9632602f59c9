import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addressOf, endpoint } from './endpoint.ts';

/** What becomes of a question of ours; docker's own always come through. `silent`: not even a greeting is answered. */
export type SocketFault = 'none' | 'refuse' | 'error' | 'lost' | 'cut' | 'hang' | 'silent';

/** A Unix socket before that of the engine, on which questions that are not docker's own go wrong. */
export class SocketProxy {
  readonly #directory = mkdtempSync(join(tmpdir(), 'rewind-socket-'));
  readonly #sockets = new Set<Socket>();
  /** The connections of programs in containers that questions of ours have started, or are attached to. */
  readonly #programs = new Set<Socket>();
  readonly #server;
  fault: SocketFault = 'none';
  /** Only questions with this in their path go wrong. */
  only = '';
  /** Bytes of an upgraded connection after which it is cut. */
  cutAfter: number | undefined;
  /** The first lines of our questions so far. */
  asked: string[] = [];

  private constructor(engine: ReturnType<typeof addressOf>) {
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#relay(client, engine));
  }

  static async make(): Promise<SocketProxy> {
    const proxy = new SocketProxy(addressOf(await endpoint()));
    await new Promise<void>((resolve) => proxy.#server.listen(proxy.path, resolve));
    return proxy;
  }

  get path(): string {
    return join(this.#directory, 'docker.sock');
  }

  close(): void {
    this.#sockets.forEach((socket) => socket.destroy());
    this.#server.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** Cuts the connections of all programs that run in containers, which go on there. */
  cutPrograms(): void {
    this.#programs.forEach((socket) => socket.destroy());
  }

  #relay(client: Socket, address: ReturnType<typeof addressOf>): void {
    const engine = connect({ ...address, allowHalfOpen: true });
    const destroy = (): void => [client, engine].forEach((socket) => void socket.destroy());
    let ours = false;
    let asked = false;
    let passed = 0;
    for (const socket of [client, engine]) {
      this.#sockets.add(socket);
      socket.on('error', destroy);
      socket.on('close', () => [this.#sockets, this.#programs].forEach((set) => void set.delete(socket)));
    }
    client.on('end', () => engine.end());
    engine.on('end', () => client.end());
    client.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1');
      ours ||= /^user-agent: docker-rewind\r$/im.test(text);
      const [question = ''] = /^[A-Z]+ \S+ HTTP/.exec(text) ?? [];
      asked = ours && question.includes(this.only) && question !== '' && !question.startsWith('GET /_ping');
      if (asked) this.asked.push(question);
      if (asked && /\/exec\/\w+\/start |\/attach\?/.test(question))
        [client, engine].forEach((socket) => void this.#programs.add(socket));
      if (asked && this.fault === 'refuse') destroy();
      else if (asked && this.fault === 'error') client.write(FAILURE);
      else if (this.fault === 'silent' ? !ours : !(asked && this.fault === 'hang')) engine.write(chunk);
    });
    engine.on('data', (chunk: Buffer) => {
      passed += chunk.length;
      if (asked && this.fault === 'lost') destroy();
      else if (ours && passed > (this.cutAfter ?? Infinity)) destroy();
      else if (asked && this.fault === 'cut')
        client.write(chunk.subarray(0, Math.floor(chunk.length / 2)), destroy);
      else client.write(chunk);
    });
  }
}

const REASON = '{"message":"the fault that was asked for"}\n';
const FAILURE =
  'HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n' +
  `Content-Length: ${REASON.length}\r\n\r\n${REASON}`;
