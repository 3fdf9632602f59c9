import { stripVTControlCharacters } from 'node:util';
import { RewindError } from '../errors.ts';
import { nearest } from '../nearest.ts';

/** What oclif's parser throws, by its shape: the classes are not exported. */
interface ParseError extends Error {
  oclif?: { exit?: number };
  flags?: readonly string[];
  args?: readonly { name: string }[] | readonly string[];
}

/** The usage error (exit 2, one line) for something that oclif's parser threw; undefined for anything else. */
export function usageError(
  thrown: unknown,
  command: string,
  flags: readonly string[],
): RewindError | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const error = thrown as ParseError;
  const failedValue = /^Parsing (--\S+)\s+([^]*?)\s*(?:See more help with --help)?$/.exec(error.message);
  if (failedValue) return usage(`${failedValue[1]}: ${lowerFirst(oneLine(failedValue[2] ?? ''))}`, command);
  if (error.oclif?.exit === undefined) return undefined;
  if (error.constructor.name === 'NonExistentFlagsError') {
    const unknown = (error.flags ?? [])[0] ?? '';
    return usage(`unknown flag: ${unknown}`, command, nearestFlag(unknown, flags));
  }
  if (error.constructor.name === 'UnexpectedArgsError') {
    return usage(`unexpected argument: ${(error.args ?? []).join(' ')}`, command);
  }
  if (error.constructor.name === 'RequiredArgsError') {
    const names = (error.args ?? []).map((arg) => (typeof arg === 'string' ? arg : arg.name.toUpperCase()));
    return usage(`${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} missing`, command);
  }
  const text = stripVTControlCharacters(error.message)
    .replace(/\s*See more help with --help\s*$/, '')
    .replace(/^The following errors? occurred:\s*/, '')
    .replace(/^Flag (--\S+) /, '$1 ');
  return usage(lowerFirst(oneLine(text)), command);
}

/** An unknown command, with the nearest known one. */
export function unknownCommand(words: readonly string[], names: readonly string[]): RewindError {
  const said = words.filter((word) => !word.startsWith('-'));
  const isTopic = names.some((name) => name.startsWith(`${said[0]} `));
  const given = said.slice(0, isTopic ? 2 : 1).join(' ');
  const close = nearest(given, names) ?? names.find((name) => name.split(' ').includes(given));
  return new RewindError('UNKNOWN_COMMAND', `unknown command: ${given}`, {
    exit: 'usage',
    hint:
      close === undefined
        ? 'docker rewind --help lists the commands'
        : `Did you mean: docker rewind ${close}`,
  });
}

function usage(message: string, command: string, close?: string): RewindError {
  const help = `docker rewind ${command} --help lists the flags`;
  return new RewindError('USAGE', message, {
    exit: 'usage',
    hint: close === undefined ? help : `Did you mean ${close}? ${help}`,
  });
}

function nearestFlag(unknown: string, flags: readonly string[]): string | undefined {
  const name = unknown.replace(/^-+/, '').replace(/=.*$/, '');
  const close = name.length < 2 ? undefined : nearest(name, flags);
  return close === undefined ? undefined : `--${close}`;
}

function oneLine(text: string): string {
  return text
    .trim()
    .split(/\s*\n\s*/)
    .join('; ');
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
