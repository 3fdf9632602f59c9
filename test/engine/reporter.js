// Mocha's spec output, plus one line of JSON with the counts appended to the file named by REWIND_TEST_COUNTS, so that
// run.sh can add up several mocha runs. Works with and without --parallel: it runs in mocha's main process only.
import { appendFileSync } from 'node:fs';
import Mocha from 'mocha';

export default class CountingSpec extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    // What passes only when it is tried again is named: it is a fault, of the test or of what is tested.
    runner.on(Mocha.Runner.constants.EVENT_TEST_RETRY, (test, error) => {
      process.stdout.write(`  TRIED AGAIN: ${test.fullTitle()}: ${error.message}\n`);
    });
    const file = process.env.REWIND_TEST_COUNTS;
    if (!file) return;
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      appendFileSync(file, `${JSON.stringify({ passes, failures, pending })}\n`);
    });
  }
}
