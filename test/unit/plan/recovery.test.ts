import { expect } from 'chai';
import type { JournalEntry } from '../../../src/plan/journal.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { nextStep, recoverySteps, wayOf } from '../../../src/plan/recovery.ts';

const step = (resource: string) => ({ kind: 'push-image', resource, reason: '', image: resource });
const plan = {
  command: 'restore',
  scope: {},
  steps: [step('a'), step('b'), step('c')],
  undo: [step('back')],
  finish: [step('end')],
} as unknown as Plan;

/** `s0` a step that was begun, `d0` one that is done, `f0` one that failed, `u0` one of the way back. */
function journal(...words: string[]): Pick<JournalEntry, 'phase' | 'index' | 'state'>[] {
  const states = { s: 'started', d: 'done', f: 'failed', u: 'started' } as const;
  return words.map((word) => {
    const kind = word[0] as keyof typeof states;
    return { phase: kind === 'u' ? 'undo' : 'step', index: Number(word.slice(1)), state: states[kind] };
  });
}

describe('what recovery does', () => {
  const cases: [string, string[], number | undefined, string, string[]][] = [
    ['nothing where nothing was begun', [], undefined, 'nothing', []],
    ['back from a step that was begun', ['s0'], undefined, 'back', ['back']],
    ['back from between two steps', ['s0', 'd0'], undefined, 'back', ['back']],
    ['clears up where all is done', ['s0', 'd0', 's1', 'd1', 's2', 'd2'], undefined, 'finish', ['end']],
    ['back before the step of no return', ['s0', 'd0', 's1'], 2, 'back', ['back']],
    ['onward from the step of no return', ['s0', 'd0', 's1', 'd1', 's2'], 2, 'onward', ['c', 'end']],
    ['onward from before its end, with every step that is not done', ['s0', 'd0', 's1'], 1, 'onward', ['b', 'c', 'end']],
    ['back where a step after it failed and the way back was begun', ['s0', 'd0', 's1', 'f1', 'u0'], 1, 'back', ['back']],
    ['back where the way back was begun after all was done', ['s0', 'd0', 's1', 'd1', 's2', 'd2', 'u0'], 1, 'back', ['back']],
  ]; // prettier-ignore
  for (const [what, words, onward, way, steps] of cases) {
    it(`is to go ${what}`.replace('go nothing', 'do nothing'), () => {
      const entries = journal(...words);
      const given = onward === undefined ? plan : { ...plan, onward };
      expect(wayOf(given, entries)).to.equal(way);
      expect(recoverySteps(given, entries).map((each) => each.step.resource)).to.deep.equal(steps);
    });
  }

  it('goes on with the first step that is not known to be done', () => {
    expect(nextStep(plan, journal('s0', 'd0', 's1', 'd1', 's2'))).to.equal(2);
    expect(nextStep(plan, journal())).to.equal(0);
  });
});
