import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../../plan/durable.ts';
import { slugOf } from '../../restore-points/slug.ts';
import type { LoadRequest } from '../engine.ts';
import type { Account } from './accounts.ts';

/** What swap notes of the live database before it changes anything; with it, unswap finds everything as it was. */
export interface LiveNote {
  existed: boolean;
  /** How many tables it had. */
  tables: number;
  charset: string;
  collation: string;
  /** Views that no tool can dump: they stay where they are. */
  invalid: string[];
  routineGrants: string[];
}

/** Notes about the whole server. */
export interface ServerNote {
  /** Users and roles that the restore makes. */
  accounts: Pick<Account, 'user' | 'host' | 'role'>[];
}

const fileOf = (request: LoadRequest, database: string, suffix: string): string =>
  join(request.workDirectory, `${slugOf(database)}.${suffix}`);

/** Views, routines, triggers and events of the dump. */
export const restoredPrograms = (request: LoadRequest, database: string): string =>
  fileOf(request, database, 'restored.sql');

/** Those of the live database. */
export const livePrograms = (request: LoadRequest, database: string): string =>
  fileOf(request, database, 'live.sql');

/** Undefined where swap has not begun. */
export async function readLiveNote(request: LoadRequest, database: string): Promise<LiveNote | undefined> {
  return read<LiveNote>(fileOf(request, database, 'live.json'));
}

export async function writeLiveNote(request: LoadRequest, database: string, note: LiveNote): Promise<void> {
  await writeDurably(fileOf(request, database, 'live.json'), JSON.stringify(note));
}

export async function readServerNote(request: LoadRequest): Promise<ServerNote | undefined> {
  return read<ServerNote>(join(request.workDirectory, 'server.json'));
}

export async function writeServerNote(request: LoadRequest, note: ServerNote): Promise<void> {
  await writeDurably(join(request.workDirectory, 'server.json'), JSON.stringify(note));
}

/** Whether anything of the live databases may have been changed. */
export async function isChanging(request: LoadRequest): Promise<boolean> {
  return (await read<boolean>(join(request.workDirectory, 'changing.json'))) ?? false;
}

export async function noteChanging(request: LoadRequest): Promise<void> {
  await writeDurably(join(request.workDirectory, 'changing.json'), 'true');
}

/** Whether the kept data is being deleted, after which there is no way back. */
export async function isDropping(request: LoadRequest): Promise<boolean> {
  return (await read<boolean>(join(request.workDirectory, 'dropping.json'))) ?? false;
}

export async function noteDropping(request: LoadRequest): Promise<void> {
  await writeDurably(join(request.workDirectory, 'dropping.json'), 'true');
}

async function read<T>(path: string): Promise<T | undefined> {
  const content = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return content === undefined ? undefined : (JSON.parse(content) as T);
}
