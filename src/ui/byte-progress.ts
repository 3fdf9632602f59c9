import { bytesText } from '../bytes-text.ts';
import type { StepProgress } from '../plan/steps/context.ts';

/** Turns reports of bytes into one line of text for all that is under way: bytes, rate, where known time left, and what is at hand. */
export class ByteProgress {
  readonly #items = new Map<string, StepProgress & { since: number; at: number }>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Another step begins: what was reported so far belongs to the one before. */
  reset(): void {
    this.#items.clear();
  }

  line(progress: StepProgress): string {
    const present = this.#items.get(progress.name);
    const at = this.#now();
    // Fewer bytes than before: the next step has begun with the same volume.
    const since = present === undefined || progress.done < present.done ? at : present.since;
    this.#items.set(progress.name, { ...progress, since, at });
    return [...this.#items.values()].map((item) => text(item)).join('   ');
  }
}

function text({
  name,
  done,
  total,
  detail,
  since,
  at,
}: StepProgress & { since: number; at: number }): string {
  const seconds = (at - since) / 1000;
  const rate = seconds > 0.5 ? done / seconds : 0;
  // What is known of the total is a guess: it may be passed.
  const share = total === undefined || total === 0 ? undefined : Math.min(1, done / total);
  const parts = [bytesText(done)];
  if (share !== undefined) parts.unshift(`${bar(share)} ${Math.floor(share * 100)} %`);
  if (rate > 0) parts.push(`${bytesText(rate)}/s`);
  if (rate > 0 && total !== undefined) parts.push(`${Math.max(0, Math.ceil((total - done) / rate))} s left`);
  if (detail !== undefined) parts.push(detail);
  return `${name} ${parts.join(', ')}`;
}

const BAR_CELLS = 10;

function bar(share: number): string {
  const filled = Math.round(share * BAR_CELLS);
  return `[${'#'.repeat(filled)}${'-'.repeat(BAR_CELLS - filled)}]`;
}
