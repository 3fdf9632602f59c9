import { RewindError } from '../../errors.ts';
import type { Reply } from './reply.ts';
import type { Session } from './session.ts';

/** A module as the server has it loaded. */
export interface Module {
  name: string;
  /** Empty for one that is built in. */
  path: string;
  args: string[];
}

/** The modules of a server; none where its user may not ask. */
export async function modulesOf(session: Session): Promise<Module[]> {
  try {
    return modulesIn(await session.list('MODULE', 'LIST'));
  } catch (error) {
    if (error instanceof RewindError && error.code === 'SERVER_REFUSED') return [];
    throw error;
  }
}

/** Reads MODULE LIST: lists of names and values by turns. */
export function modulesIn(list: readonly Reply[]): Module[] {
  return list.flatMap((entry) => {
    if (typeof entry === 'string') return [];
    const value = (name: string): Reply | undefined => {
      const at = entry.findIndex((each, index) => index % 2 === 0 && each === name);
      return at < 0 ? undefined : entry[at + 1];
    };
    const args = value('args');
    return [
      {
        name: String(value('name') ?? ''),
        path: String(value('path') ?? ''),
        args: Array.isArray(args) ? args.map(String) : [],
      },
    ];
  });
}
