import { expect } from 'chai';
import { RewindError, withState } from '../../src/errors.ts';

describe('an error that says what state everything is in', () => {
  it('says what to do, but not to somebody who wanted out', () => {
    const failed = withState(new RewindError('X', 'no'), 'unchanged', 'Nothing was changed');
    expect(failed.message).to.equal('no. Nothing was changed');
    expect(failed.hint).to.match(/^Mend what the message names/);
    const interrupted = new RewindError('INTERRUPTED', 'interrupted', { exit: 'interrupted' });
    expect(withState(interrupted, 'unchanged', 'Nothing was changed').hint).to.equal(undefined);
    const told = new RewindError('INTERRUPTED', 'interrupted', { exit: 'interrupted', hint: 'do this' });
    expect(withState(told, 'not-undone', 'Something is left').hint).to.equal('do this');
  });
});
