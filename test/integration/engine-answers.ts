import { execFile } from 'node:child_process';
import { request } from 'node:http';
import { promisify } from 'node:util';

type Address = { socketPath: string } | { host: string; port: string };

let address: Promise<Address> | undefined;

/** Where the engine listens that `docker` speaks to. */
async function addressOf(): Promise<Address> {
  const { stdout } = await promisify(execFile)('docker', [
    'context', 'inspect', '--format', '{{.Endpoints.docker.Host}}',
  ]); // prettier-ignore
  const url = new URL(stdout.trim());
  if (url.protocol === 'unix:') return { socketPath: url.pathname };
  if (url.protocol === 'tcp:') return { host: url.hostname, port: url.port };
  throw new Error(`tests need an engine behind unix:// or tcp://, not ${stdout}`);
}

/**
 * Asks the engine itself; undefined where it knows nothing of that name. What tests ask over and over while they wait would
 * keep a processor busy with starting `docker`.
 */
export async function ask<T>(path: string): Promise<T | undefined> {
  address ??= addressOf();
  const target = await address;
  const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
    const asked = request({ ...target, path, headers: { host: 'docker' } }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: body }));
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end();
  });
  if (status === 404) return undefined;
  if (status !== 200) throw new Error(`the engine answers ${status} to ${path}: ${text}`);
  return JSON.parse(text) as T;
}

/** For `path?filters=…`: only what has all of these labels. */
export const withLabels = (...label: string[]): string =>
  `filters=${encodeURIComponent(JSON.stringify({ label }))}`;
