import type { Readable } from 'node:stream';
import { Lines } from '../../lines.ts';

/** Collects what comes as text, and hands on every line of it as it comes. What is destroyed ends there. */
export function heard(stream: Readable, onLine?: (line: string) => void): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const lines = new Lines();
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      text += chunk;
      if (onLine !== undefined) lines.with(chunk).forEach((line) => onLine(line));
    });
    stream.on('error', () => {});
    stream.on('close', () => {
      if (lines.rest !== '') onLine?.(lines.rest);
      resolve(text);
    });
  });
}
