import { RewindError } from '../errors.ts';

/** Reads a JSON answer. Throws BAD_ANSWER for one that is cut off: nothing may be concluded from half of it. */
export function jsonAnswer<T>(text: string, about: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw badAnswer(about, cause);
  }
}

/** An answer in lines, each of which docker and git end. Throws BAD_ANSWER where the last one is cut off. */
export function wholeAnswer(text: string, about: string): string {
  if (text !== '' && !text.endsWith('\n')) throw badAnswer(about);
  return text;
}

/** Its lines without the empty ones. */
export function answerLines(text: string, about: string): string[] {
  return wholeAnswer(text, about)
    .split('\n')
    .filter((line) => line !== '');
}

function badAnswer(about: string, cause?: unknown): RewindError {
  return new RewindError('BAD_ANSWER', `the answer about ${about} is cut off, or none`, {
    hint: 'Try again; docker rewind doctor says more',
    cause,
  });
}
