import { readdirSync, readFileSync } from 'node:fs';

/**
 * Kills all processes of a session at once with SIGKILL, as a crash would. Docker gives its plugin a process group of
 * its own, so the group would not be enough. Read from /proc: the smallest Debian has no ps.
 */
export function killSession(leader: number): void {
  const members = readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name) && sessionOf(name) === leader);
  // The one that kills goes last, should it be one of them.
  for (const name of members) if (Number(name) !== process.pid) kill(Number(name));
  if (members.includes(String(process.pid))) kill(process.pid);
}

/** The session of a process; undefined where it is gone. */
export function sessionOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // Field 6 of proc(5), counted behind the name, which may hold anything.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
  } catch {
    return undefined;
  }
}

/** Docker's clients whose arguments hold all of these texts. */
export function clientsWith(...texts: string[]): number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .filter((pid) => {
      const words = argumentsOf(pid);
      return words.startsWith('docker\0') && texts.every((text) => words.includes(text));
    })
    .map(Number);
}

function argumentsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
