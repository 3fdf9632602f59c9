import { userInfo } from 'node:os';
import { RewindError } from '../errors.ts';
import { ownIdentity, type ProcessIdentity } from './process-identity.ts';

/** What a lock says of its holder. */
export interface LockHolder extends ProcessIdentity {
  /** The verb. */
  command: string;
  user: string;
  /** ISO 8601 */
  since: string;
  /** The project directory where it is at work, absolute; locks of older versions do not say it. */
  directory?: string;
}

export interface Lock {
  release(): Promise<void>;
}

/** This process as a holder. */
export function ownHolder(command: string, directory: string): LockHolder {
  return { ...ownIdentity(), command, user: userName(), since: new Date().toISOString(), directory };
}

/** Undefined for what is no holder: everybody may have written it. */
export function parseHolder(text: string): LockHolder | undefined {
  try {
    const value = JSON.parse(text) as Partial<LockHolder> | null;
    const usable =
      typeof value?.host === 'string' &&
      typeof value.pid === 'number' &&
      Number.isSafeInteger(value.pid) &&
      value.pid > 0 &&
      typeof value.processStart === 'number' &&
      [value.command, value.user, value.since, value.bootId].every((field) => typeof field === 'string') &&
      ['string', 'undefined'].includes(typeof value.directory);
    return usable ? (value as LockHolder) : undefined;
  } catch {
    return undefined;
  }
}

/** `"docker rewind deploy" of ana (pid 4242 on web1, since 2026-…)`. */
export function holderText(holder: LockHolder): string {
  return `"docker rewind ${holder.command}" of ${holder.user} (${placeOf(holder)})`;
}

const placeOf = ({ pid, host, since }: LockHolder): string => `pid ${pid} on ${host}, since ${since}`;

/** LOCKED (exit 11): somebody else is at work. `remove` is what to type when that is not so. */
export function locked(holder: LockHolder | undefined, where: string, remove: string): RewindError {
  if (holder === undefined) {
    return new RewindError('LOCKED', `${where} is held, by whom cannot be read`, {
      exit: 'locked',
      hint: `When no docker rewind runs here: ${remove}`,
    });
  }
  const elsewhere = holder.host !== ownIdentity().host;
  return new RewindError(
    'LOCKED',
    `"docker rewind ${holder.command}" of ${holder.user} is at work here (${placeOf(holder)})`,
    {
      exit: 'locked',
      hint: elsewhere
        ? `Wait until it is done (--lock-wait 60s), then try again; when it does not run on ${holder.host} any more: ${remove}`
        : 'Wait until it is done (--lock-wait 60s), then try again',
    },
  );
}

/** The person: under sudo the one who typed it. */
export function userName(): string {
  const sudo = process.env['SUDO_USER'];
  if (sudo !== undefined && sudo !== '') return sudo;
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
