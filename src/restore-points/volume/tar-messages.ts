import { RECORD_BYTES } from './scripts.ts';

/** What tar said of a volume that others were writing to while it was read. */
export interface ArchiveNotes {
  /** Files that were gone when their turn came. */
  vanished: number;
  /** Files that changed, grew or shrank while they were read. */
  changed: number;
  /** Everything that is no such thing: the archive cannot be trusted. */
  errors: string[];
}

const VANISHED =
  /: (?:Warning: )?(?:File removed before we read it|Cannot \w+: (?:No such file or directory|Not a directory|Too many levels of symbolic links))$/;
const CHANGED =
  /: (?:file changed as we read it|File shrank by \d+ bytes?; padding with zeros|socket ignored)$/;
// Said at the end of a run that had one of the above; and what a progress report looks like.
const HARMLESS = /: (?:Exiting with failure status due to previous errors|rewind-at \d+)$/;

/** Sorts GNU tar's messages (in the C locale, names quoted onto one line). */
export function readTarMessages(messages: readonly string[]): ArchiveNotes {
  const notes: ArchiveNotes = { vanished: 0, changed: 0, errors: [] };
  for (const line of messages) {
    if (VANISHED.test(line)) notes.vanished++;
    else if (CHANGED.test(line)) notes.changed++;
    else if (!HARMLESS.test(line)) notes.errors.push(line);
  }
  return notes;
}

/** Without tar's reports of progress, and without what it says of every run that went wrong. */
export function tellingMessages(messages: readonly string[]): string[] {
  return messages.filter((line) => !HARMLESS.test(line));
}

/** The bytes that tar has read so far, from one of its lines; undefined for any other line. */
export function tarProgress(line: string): number | undefined {
  const match = /: rewind-at (\d+)$/.exec(line);
  return match === null ? undefined : Number(match[1]) * RECORD_BYTES;
}
