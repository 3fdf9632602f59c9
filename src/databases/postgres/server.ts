import type { ServerState } from '../engine.ts';
import { SERVER_FACTS } from './catalog.ts';
import { isOfRestore } from './names.ts';
import { json, type Access } from './psql.ts';

export interface PostgresState extends ServerState {
  /** The data directory; null where we may not know. */
  directory: string | null;
  /** What its write-ahead log grows to under load. */
  walBytes: number;
  /** Databases that we may not connect to. */
  hidden: string[];
}

/** Version and databases; what an unfinished restore made is none of the users'. */
export async function observeServer(access: Access): Promise<PostgresState> {
  const state = await json<PostgresState>(access, '', SERVER_FACTS, 'looking at the server');
  return { ...state, databases: usersOwn(state.databases) };
}

/** Without what an unfinished restore made. */
export const usersOwn = <T extends { name: string }>(databases: readonly T[]): T[] =>
  databases.filter(({ name }) => !isOfRestore(name));

export const majorOf = (version: string): number => Number.parseInt(version, 10);
