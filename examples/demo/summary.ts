// Turns probes into what a person reads. Pure: counts what was measured and leaves nothing out.
import type { Phase, Probe } from './prober.ts';

const isGood = (probe: Probe): boolean => probe.status === 200;

/** How many answered, by version, and how many did not: `38 requests: 20 by 1.0.0, 11 by 2.0.0, 7 failed`. */
export function counts(phase: Phase): string {
  const answered = Map.groupBy(phase.probes.filter(isGood), (probe) => probe.version);
  const parts = [...answered].map(([version, probes]) => `${probes.length} answered by ${version}`);
  const errors = Map.groupBy(
    phase.probes.filter((probe) => !isGood(probe) && probe.status > 0),
    (probe) => `with error ${probe.status} by ${probe.version}`,
  );
  for (const [how, probes] of errors) parts.push(`${probes.length} answered ${how}`);
  const silent = phase.probes.filter((probe) => probe.status === 0).length;
  parts.push(silent > 0 ? `${silent} got no answer` : 'none without an answer');
  return `${phase.probes.length} requests: ${parts.join(', ')}`;
}

/** One sign per request, in the order sent: the major version that answered, `!` for an error, `·` for silence. */
export function strip(phase: Phase, width: number): string[] {
  const signs = phase.probes
    .toSorted((a, b) => a.at - b.at)
    .map((probe) => (probe.status === 0 ? '·' : isGood(probe) ? (probe.version[0] ?? '?') : '!'));
  const lines: string[] = [];
  for (let from = 0; from < signs.length; from += width) lines.push(signs.slice(from, from + width).join(''));
  return lines;
}

/** Seconds between the last good answer before the longest outage and the first one after it. */
export function longestGap(phases: readonly Phase[]): number {
  const good = phases
    .flatMap((phase) => phase.probes)
    .filter(isGood)
    .map((probe) => probe.at)
    .toSorted((a, b) => a - b);
  const gaps = good.slice(1).map((at, index) => at - (good[index] ?? at));
  return Math.max(0, ...gaps) / 1000;
}

/** The version that the last request of a phase was answered by, if it was answered well. */
export function lastVersion(phase: Phase): string {
  const last = phase.probes.toSorted((a, b) => a.at - b.at).at(-1);
  return last && isGood(last) ? last.version : 'nobody';
}
