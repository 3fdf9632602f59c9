import { RewindError } from '../errors.ts';

/**
 * A command that waits for something that will never come ends Node without a word and with exit code 0, as if all were
 * done. `report` is told instead.
 */
export function whenItStandsStill(report: (error: RewindError) => void): void {
  process.once('beforeExit', () => {
    report(
      new RewindError(
        'STANDSTILL',
        'the command came to a standstill before it was done: a fault of this program',
        {
          exit: 'notUndone',
          hint: 'docker rewind recover concludes what it left, if anything; --debug shows how far it came',
        },
      ),
    );
  });
}
