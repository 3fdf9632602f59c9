import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const OFTEN_MS = 5;
// A program is started by fork and exec: what a young process is called may still change.
const YOUNG_LOOKS = 20;

/** Looks at the arguments of every process on the host for as long as it is not ended: those of others, too. */
export class ArgvWatch {
  looks = 0;
  private watching = true;
  private readonly found = new Set<string>();
  private readonly seen = new Map<string, number>();
  private readonly done: Promise<void>;
  private readonly secret: string;

  constructor(secret: string) {
    this.secret = secret;
    this.done = this.watch();
  }

  /** The command lines in which the secret was. */
  async end(): Promise<string[]> {
    this.watching = false;
    await this.done;
    return [...this.found];
  }

  private async watch(): Promise<void> {
    for (; this.watching; await sleep(OFTEN_MS)) {
      this.looks++;
      for (const pid of readdirSync('/proc')) if (/^[0-9]+$/.test(pid)) this.look(pid);
    }
  }

  private look(pid: string): void {
    try {
      const looks = this.seen.get(pid) ?? 0;
      if (looks > YOUNG_LOOKS) return;
      this.seen.set(pid, looks + 1);
      const line = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
      if (line.includes(this.secret)) this.found.add(line);
    } catch {
      // It has ended meanwhile.
    }
  }
}
