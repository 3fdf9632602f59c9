import { expect } from 'chai';
import { age, duration } from '../../../src/ui/time-text.ts';

const START = '2026-01-01T00:00:00.000Z';
const later = (seconds: number): number => Date.parse(START) + seconds * 1000;

describe('time for people', () => {
  it('says how long ago in one unit', () => {
    const expected: [number, string][] = [
      [0, '0s'], [59, '59s'], [60, '1m'], [3599, '59m'], [3600, '1h'], [47 * 3600, '47h'], [48 * 3600, '2d'], [-5, '0s'],
    ]; // prettier-ignore
    for (const [seconds, text] of expected) expect(age(START, later(seconds))).to.equal(text);
    expect(age('monday')).to.equal('?');
  });

  it('says how long something took', () => {
    const took = (seconds: number): string => duration(START, new Date(later(seconds)).toISOString());
    expect([0.84, 59.9, 125].map(took)).to.deep.equal(['0.8s', '59.9s', '2m05s']);
    expect(took(119.7)).to.equal('2m00s');
    expect([took(-1), duration(START, '')]).to.deep.equal(['?', '?']);
  });
});
