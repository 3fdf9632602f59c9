import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { docker, dockerConfig } from '../e2e/installed.ts';
import { addressOf, endpoint } from './endpoint.ts';

/** Two contexts of the engine in a DOCKER_CONFIG of their own: `near` by its socket, `far` over TCP as another host would. */
export async function makeContexts(): Promise<{ env: { DOCKER_CONFIG: string }; close: () => void }> {
  const config = mkdtempSync(join(tmpdir(), 'docker-rewind-contexts-'));
  symlinkSync(join(await dockerConfig(), 'cli-plugins'), join(config, 'cli-plugins'));
  const env = { DOCKER_CONFIG: config };
  const engine = await endpoint();
  const sockets = new Set<Socket>();
  const proxy = createServer({ allowHalfOpen: true }, (client) => {
    const server = connect({ ...addressOf(engine), allowHalfOpen: true });
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => sockets.delete(from));
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  for (const [name, host] of [
    ['near', engine],
    ['far', `tcp://127.0.0.1:${port}`],
  ] as const) {
    const made = await docker(['context', 'create', name, '--docker', `host=${host}`], { env });
    if (made.exitCode !== 0) throw new Error(made.stderr);
  }
  const close = (): void => {
    sockets.forEach((socket) => socket.destroy());
    proxy.close();
    rmSync(config, { recursive: true, force: true });
  };
  return { env, close };
}
