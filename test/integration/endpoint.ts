import { docker } from '../e2e/installed.ts';

/** Where the engine listens that the tests use. */
export async function endpoint(): Promise<string> {
  const { stdout } = await docker(['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}']);
  return process.env['DOCKER_HOST'] ?? stdout.trim();
}

/** The same for `connect`. */
export function addressOf(host: string): { path: string } | { host: string; port: number } {
  if (host.startsWith('unix://')) return { path: host.slice('unix://'.length) };
  const { hostname, port } = new URL(host);
  return { host: hostname, port: Number(port) };
}
