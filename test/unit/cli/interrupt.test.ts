import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

const MODULE = join(import.meta.dirname, '..', '..', '..', 'src', 'cli', 'interrupt.ts');

describe('an interruption', () => {
  let child: ChildProcess | undefined;
  let output: string;

  afterEach(() => child?.kill('SIGKILL'));

  /** A process that listens to signals as commands do; with `care` it takes the first one as a wish. */
  async function start(care: boolean, socket = ''): Promise<ChildProcess> {
    const script = `
      import { installInterrupts, interruptSignal, watchDockerSocket } from ${JSON.stringify(MODULE)};
      installInterrupts();
      await watchDockerSocket(${JSON.stringify(socket)});
      if (${care}) interruptSignal().addEventListener('abort', ({ target: { reason } }) => console.log(reason.code, reason.exitCode));
      setInterval(() => undefined, 1000);
      console.log('ready');`;
    const started = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child = started;
    output = '';
    started.stdout.on('data', (data: Buffer) => (output += data.toString()));
    await printed('ready');
    return started;
  }

  async function printed(text: string): Promise<void> {
    while (!output.includes(text)) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async function exitCode(of: ChildProcess): Promise<number | null> {
    if (of.exitCode !== null) return of.exitCode;
    const [code] = (await once(of, 'exit')) as [number | null];
    return code;
  }

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 143],
  ] as const) {
    it(`ends at once with ${code} on ${signal} while nobody has anything to put back`, async () => {
      const process = await start(false);
      process.kill(signal);
      expect(await exitCode(process)).to.equal(code);
    });

    it(`is a wish on the first ${signal} for who has, and the end on the second`, async () => {
      const process = await start(true);
      process.kill(signal);
      await printed(signal === 'SIGINT' ? 'INTERRUPTED 130' : 'TERMINATED 143');
      expect(process.exitCode).to.equal(null);
      process.kill(signal);
      if (signal === 'SIGHUP') {
        // Whoever closed the terminal is not there to want out twice: the way back goes on until somebody else says so.
        process.kill('SIGTERM');
      }
      expect(await exitCode(process)).to.equal(code);
    });
  }

  describe("through docker's socket", () => {
    let server: Server;
    let directory: string;
    let connection: Promise<Socket>;

    beforeEach(async () => {
      directory = mkdtempSync(join(tmpdir(), 'docker-rewind-socket-'));
      server = createServer();
      connection = once(server, 'connection').then(([socket]) => socket as Socket);
      server.listen(join(directory, 'socket'));
      await once(server, 'listening');
    });
    afterEach(() => {
      server.close();
      rmSync(directory, { recursive: true });
    });

    it('is a wish when docker closes it, and the signal of the same key is no second one', async () => {
      const process = await start(true, join(directory, 'socket'));
      (await connection).destroy();
      await printed('INTERRUPTED 130');
      process.kill('SIGINT');
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(process.exitCode).to.equal(null);
      process.kill('SIGINT');
      expect(await exitCode(process)).to.equal(130);
    });

    it('ends at once while nobody has anything to put back', async () => {
      const process = await start(false, join(directory, 'socket'));
      (await connection).destroy();
      expect(await exitCode(process)).to.equal(130);
    });

    it('reaches an abstract socket, and lives without one', async () => {
      const process = await start(false, '@docker-rewind-test-nobody-listens-here');
      process.kill('SIGTERM');
      expect(await exitCode(process)).to.equal(143);
    });
  });
});
