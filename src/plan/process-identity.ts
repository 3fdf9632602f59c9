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

export function ownIdentity(): ProcessIdentity {
  return {
    host: hostname(),
    pid: process.pid,
    processStart: processStart(process.pid) ?? 0,
    bootId: bootId(),
  };
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
  const start = processStart(identity.pid);
  return start === undefined || identity.processStart === 0 || start === identity.processStart;
}

function processStart(pid: number): number | undefined {
  try {
    // Field 22 of /proc/PID/stat; the name in field 2 may hold spaces and parentheses.
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]);
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
