import { RewindError } from '../../errors.ts';
import type { DatabaseArtifact } from '../engine.ts';
import type { RdbDatabase } from './rdb-keys.ts';

/** What a restore needs to know of an RDB file besides. */
export interface RdbDetails {
  product: 'redis' | 'valkey';
  /** The number of the file's format. */
  format: number;
  /** Of the file before it was compressed. */
  rdbBytes: number;
  /** Keys by database, from the file itself; null where it has values of a kind that is not known here. */
  databases: RdbDatabase[] | null;
  functions: number;
  modules: string[];
  /** Bytes of memory that the data took in the server. */
  usedMemory: number;
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;

/** The details of a stored dump. A manifest may come from elsewhere: throws DAMAGED (exit 4) where they are not these. */
export function rdbDetails({ key, details }: DatabaseArtifact): RdbDetails {
  const { format, rdbBytes, usedMemory, databases, modules } = details as Partial<
    Record<keyof RdbDetails, unknown>
  >;
  const counted =
    databases === null ||
    (Array.isArray(databases) &&
      databases.every(
        (each: Partial<RdbDatabase> | null) =>
          isCount(each?.number) && isCount(each?.keys) && isCount(each?.expiring),
      ));
  const named = Array.isArray(modules) && modules.every((name) => typeof name === 'string');
  if (counted && named && [format, rdbBytes, usedMemory].every(isCount))
    return details as unknown as RdbDetails;
  throw new RewindError('DAMAGED', `the restore point does not describe ${key} as it should`, {
    exit: 'refused',
    hint: 'docker rewind list shows the other restore points',
  });
}
