import { RewindError } from '../../errors.ts';
import type { DatabaseArtifact } from '../engine.ts';

/** What the manifest keeps of a dump for its restore. */
export interface Details {
  /** In the order of the dump. */
  tables: string[];
  sequences: string[];
  /** By table, as the dump has them. */
  rows: Record<string, number>;
  /** Tables with rows of the past. */
  versioned: string[];
  charset: string;
  collation: string;
  /** Bytes of tables and rows in the unpacked dump; views, routines, triggers and events follow. */
  programsAt: number;
  /** Bytes of the longest line, which the server takes as one statement. */
  longest: number;
}

/** The details of an artifact, which come from a file that anybody may have written. */
export function detailsOf({ key, details }: DatabaseArtifact): Details {
  const { tables, sequences, rows, versioned, charset, collation, programsAt, longest } = details;
  const names = (value: unknown): value is string[] =>
    Array.isArray(value) && value.every((each) => typeof each === 'string');
  const word = (value: unknown): value is string => typeof value === 'string' && /^\w+$/.test(value);
  const count = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
  if (
    names(tables) && names(sequences) && names(versioned) && word(charset) && word(collation) &&
    count(programsAt) && count(longest) &&
    typeof rows === 'object' && rows !== null && Object.values(rows).every(count)
  ) {
    return {
      tables, sequences, versioned, charset, collation, programsAt, longest,
      rows: rows as Record<string, number>,
    };
  } // prettier-ignore
  throw new RewindError('BAD_MANIFEST', `the manifest does not say what the dump of ${key} consists of`, {
    exit: 'refused',
  });
}
