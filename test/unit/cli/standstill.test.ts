import { expect } from 'chai';
import { execa } from 'execa';

describe('a command that waits for what will never come', () => {
  it('says so and fails, instead of ending as if all were done', async () => {
    const { exitCode, stderr } = await execa(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import { whenItStandsStill } from ${JSON.stringify(import.meta.resolve('../../../src/cli/standstill.ts'))};
         import { reportError } from ${JSON.stringify(import.meta.resolve('../../../src/cli/report-error.ts'))};
         const plain = (text) => text;
         whenItStandsStill((error) => reportError(error, { json: false, debug: false, style: new Proxy(plain, { get: () => plain }) }));
         new Promise(() => {}).then(() => {});`,
      ],
      { reject: false },
    );
    expect(exitCode).to.equal(5);
    expect(stderr).to.include('standstill').and.to.include('docker rewind recover');
  });
});
