import { expect } from 'chai';
import { cutText, type Cut, type Writes } from './cut-off.ts';
import type { FaultProject } from './fault-project.ts';
import { spread } from './wanted.ts';

const MOMENTS = ['before', 'torn', 'after'] as const;

/** Every place to cut a command off that makes so many writes; a sample of `some` of them unless all are asked for. */
export function cutsOf(writes: Writes, some: number): Cut[] {
  const all: Cut[] = [];
  for (let number = 1; number <= writes.journal; number += 1)
    all.push(...MOMENTS.map((moment): Cut => ({ kind: 'journal', moment, number })));
  for (let number = 1; number <= writes.file; number += 1)
    all.push({ kind: 'file', moment: 'before', number }, { kind: 'file', moment: 'after', number });
  // The same content makes a few chunks more or fewer each time.
  for (let number = 1; number <= writes.stream * 0.7; number += 1)
    all.push({ kind: 'stream', moment: 'at', number });
  return spread(all, some);
}

export interface Aftermath {
  /** What recover said that it did; undefined where there was nothing to conclude. */
  outcome: 'finished' | 'undone' | 'nothing' | undefined;
  earlier: Earlier;
}

/** What the writer's log said before the command: its starts, and the writes that restores had taken away already. */
export interface Earlier {
  starts: ReadonlySet<string>;
  lost: ReadonlySet<string>;
}

export async function remember(project: FaultProject): Promise<Earlier> {
  return { starts: project.starts(), lost: new Set(await project.lostWrites()) };
}

/** Concludes what was cut off and checks what has to be true then, whatever the command was. */
export async function conclude(project: FaultProject, cut: Cut, earlier: Earlier): Promise<Aftermath> {
  const where = cutText(cut);
  const first = await project.json(['recover']);
  expect(first.exitCode, `${where}: ${JSON.stringify(first.document)}`).to.equal(0);
  const again = await project.json(['recover']);
  expect(again.document, where).to.deep.equal({ dryRun: false, recovered: [] });
  await project.untilWell();
  expect(await project.leftovers(), where).to.deep.equal([]);
  return { outcome: first.document.recovered[0]?.outcome, earlier };
}

/** No write that somebody was told of is lost, but for those that a restore was to take away. */
export async function expectWritesKept(
  project: FaultProject,
  cut: Cut,
  { earlier }: Aftermath,
  restored = false,
): Promise<void> {
  const lost = (await project.lostWrites()).filter((line) => !earlier.lost.has(line));
  const wrongly = restored ? lost.filter((line) => !earlier.starts.has(line.split(' ')[1] ?? '')) : lost;
  expect(wrongly, `${cutText(cut)}: writes that somebody was told of`).to.deep.equal([]);
}
