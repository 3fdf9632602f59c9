import { bytesText } from '../bytes-text.ts';
import type { StepProgress } from '../plan/steps/context.ts';

/** Turns reports of bytes into one line of text for all that is under way: bytes, rate and, where known, time left. */
export class ByteProgress {
  readonly #items = new Map<string, StepProgress & { since: number; at: number }>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
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
  const parts = [`${name} ${bytesText(done)}`];
  if (total !== undefined && total > 0) parts.push(`${Math.min(100, Math.floor((100 * done) / total))} %`);
  if (rate > 0) parts.push(`${bytesText(rate)}/s`);
  if (rate > 0 && total !== undefined) parts.push(`${Math.max(0, Math.ceil((total - done) / rate))} s left`);
  if (detail !== undefined) parts.push(detail);
  return parts.join(', ');
}
