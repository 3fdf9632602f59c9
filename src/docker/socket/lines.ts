import type { Readable } from 'node:stream';

/** Collects what comes as text, and hands on every line of it as it comes. What is destroyed ends there. */
export function lines(stream: Readable, onLine?: (line: string) => void): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    let line = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      text += chunk;
      if (onLine === undefined) return;
      const parts = (line + chunk).split('\n');
      line = parts.pop() ?? '';
      parts.forEach(onLine);
    });
    stream.on('error', () => {});
    stream.on('close', () => {
      if (line !== '') onLine?.(line);
      resolve(text);
    });
  });
}
