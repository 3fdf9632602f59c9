import { request } from 'node:http';
import { addressOf, endpoint } from './endpoint.ts';

let engine: Promise<string> | undefined;

/**
 * Asks the engine itself; undefined where it knows nothing of that name. What tests ask over and over while they wait would
 * keep a processor busy with starting `docker`.
 */
export async function ask<T>(path: string): Promise<T | undefined> {
  const { status, text } = await send('GET', path);
  if (status === 404) return undefined;
  if (status !== 200) throw new Error(`the engine answers ${status} to ${path}: ${text}`);
  return JSON.parse(text) as T;
}

/** Has the engine remove something by force; nothing is said of what it does not know, or is removing already. */
export async function drop(path: string): Promise<void> {
  const { status, text } = await send('DELETE', path);
  if (![200, 204, 404, 409].includes(status))
    throw new Error(`the engine answers ${status} to DELETE ${path}: ${text}`);
}

/** Has the engine load images from an archive in memory. */
export async function loadImages(archive: Buffer): Promise<void> {
  const { status, text } = await send('POST', '/images/load?quiet=1', archive);
  if (status !== 200 || text.includes('errorDetail'))
    throw new Error(`the engine answers ${status} to an archive of images: ${text}`);
}

async function send(method: string, path: string, body?: Buffer): Promise<{ status: number; text: string }> {
  engine ??= endpoint();
  const address = addressOf(await engine);
  const target = 'path' in address ? { socketPath: address.path } : address;
  const headers = {
    host: 'docker',
    ...(body === undefined ? {} : { 'content-type': 'application/x-tar', 'content-length': body.length }),
  };
  return new Promise((resolve, reject) => {
    const asked = request({ ...target, method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** For `path?filters=…`: only what has all of these labels. */
export const withLabels = (...label: string[]): string => filtered({ label });

/** For `path?…`: what fits these filters. */
export const filtered = (filters: Readonly<Record<string, readonly string[]>>): string =>
  `filters=${encodeURIComponent(JSON.stringify(filters))}`;
