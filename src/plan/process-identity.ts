import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Names one process beyond the reuse of its number. */
export interface ProcessIdentity {
  host: string;
  pid: number;
  /** Clock ticks since boot, from /proc; 0 where there is no /proc. */
  processStart: number;
  /** Empty where there is no /proc. */
  bootId: string;
}

export const ownIdentity = (): ProcessIdentity => identityOf(process.pid);

/** Of a process of this host that runs now. */
export function identityOf(pid: number): ProcessIdentity {
  return { host: hostname(), pid, processStart: processStat(pid)?.start ?? 0, bootId: bootId() };
}

/** Whether that very process still runs. True where it cannot be known (another host): a live one is never taken for dead. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.host !== hostname()) return true;
  if (identity.bootId !== '' && bootId() !== '' && identity.bootId !== bootId()) return false;
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const stat = processStat(identity.pid);
  if (stat === undefined) return true;
  // Killed, and only its number is left because its parent does not ask for it: process 1 of a container never does.
  if (stat.state === 'Z' || stat.state === 'X') return false;
  return identity.processStart === 0 || stat.start === identity.processStart;
}

function processStat(pid: number): { state: string; start: number } | undefined {
  try {
    // Fields 3 and 22 of /proc/PID/stat; the name in field 2 may hold spaces and parentheses.
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', start: Number(fields[19]) };
  } catch {
    return undefined;
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
