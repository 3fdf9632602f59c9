/** Somewhere that numbered writes go, and where they are acknowledged. */
export interface Writes {
  /** All that were ever acknowledged, oldest first. */
  acks(): string[];
  /** Those that are there now. */
  held(): Promise<string[]>;
  /** Whether every restore starts the writer anew, with another id at the front of its writes. */
  startsAnew: boolean;
}

/** Which acknowledged writes must be there. A restore begins a new time line: what the restore point held, and what was written since. */
export class Ledger {
  readonly #writes: Writes;
  #base: readonly string[] = [];
  /** How many acknowledgements there were when the present time line began. */
  #since = 0;

  constructor(writes: Writes) {
    this.#writes = writes;
  }

  /** Acknowledgements so far, of whatever time line; and the writes that must be there. */
  now(): { acks: number; holds: readonly string[] } {
    const acks = this.#writes.acks();
    return { acks: acks.length, holds: [...this.#base, ...acks.slice(this.#since)] };
  }

  /** What is missing where nothing was restored. */
  async lost(): Promise<string[]> {
    const { holds } = this.now();
    return missingText(holds, new Set(await this.#writes.held()));
  }

  /**
   * What is wrong where a point that held `holds` was restored by a command that began after `begun` acknowledgements;
   * `accept` begins the new time line.
   */
  async restored(
    holds: readonly string[],
    begun: number,
  ): Promise<{ problems: string[]; accept: () => void }> {
    const acks = this.#writes.acks();
    const held = await this.#writes.held();
    const present = new Set(held);
    const meanwhile = acks.slice(begun);
    const problems = [
      ...missingText(holds, present),
      ...missingText(this.#kept(acks, begun, present), present),
    ];
    if (meanwhile.length > 0 && !meanwhile.some((line) => present.has(line)) && this.#writes.startsAnew)
      problems.push('nothing was written since');
    const accept = (): void => {
      this.#base = held;
      this.#since = acks.length;
    };
    return { problems, accept };
  }

  /** Of what was acknowledged since the command began: what was written to the restored data. */
  #kept(acks: readonly string[], begun: number, present: ReadonlySet<string>): string[] {
    const meanwhile = acks.slice(begun);
    if (this.#writes.startsAnew) {
      const earlier = new Set(acks.slice(0, begun).map(startOf));
      return meanwhile.filter((line) => !earlier.has(startOf(line)));
    }
    // One client writes on, before the swap and after it: from the first write that is there all must be.
    const first = meanwhile.findIndex((line) => present.has(line));
    return first < 0 ? [] : meanwhile.slice(first);
  }
}

const startOf = (line: string): string => line.slice(0, 36);

function missingText(wanted: readonly string[], present: ReadonlySet<string>): string[] {
  const lines = wanted.filter((line) => !present.has(line));
  if (lines.length === 0) return [];
  return [`${lines.length} acknowledged writes are gone: ${lines[0] ?? ''} … ${lines.at(-1) ?? ''}`];
}
