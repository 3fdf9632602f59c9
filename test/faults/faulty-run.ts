import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { ExitCode, type ExitCodeName } from '../../src/errors.ts';
import { dockerConfig, run, SHIM, type RunOutcome } from '../e2e/installed.ts';
import type { TestProject } from '../integration/project.ts';
import { until } from '../integration/world.ts';
import type { FaultProject } from './fault-project.ts';
import type { CallShim, Fault, FaultMode } from './call-shim.ts';
import { spread, TIMEOUT_MS, WANTED } from './wanted.ts';

// What may change something, said independently of the program's own list.
const CHANGES =
  /^docker (run|exec|container (stop|start|rm|pause|unpause)|image (pull|push|tag|rm|build)|volume (create|rm)|compose .*(up|stop|rm|build) )/;

// Longer than a stop and an answer are waited for.
const SECOND_TIME_MS = 12_000;

/**
 * Runs a command while one call goes wrong. Where something that changes hangs, the command is told to end (SIGTERM); and
 * once more where it says that it has to be brought to its end, and is not.
 */
export async function faultyRun(
  project: TestProject,
  shim: CallShim,
  args: readonly string[],
  fault: Fault | undefined,
): Promise<RunOutcome> {
  shim.arm(fault);
  let kill: (signal: NodeJS.Signals) => void = () => {};
  const running = run(SHIM, args, {
    cwd: project.directory,
    started: (way) => (kill = way),
    env: {
      ...shim.env,
      DOCKER_CONFIG: await dockerConfig(),
      // A hanging question is to end soon; a slow machine must not look like one.
      REWIND_ANSWER_WITHIN: fault?.mode === 'hang' ? '10' : '60',
    },
  });
  let ended = false;
  const watched = async (): Promise<void> => {
    while (!ended && fault?.mode === 'hang') {
      if (CHANGES.test(shim.hit ?? '')) break;
      await sleep(50);
    }
    if (ended || fault?.mode !== 'hang') return;
    kill('SIGTERM');
    for (const begun = performance.now(); !ended && performance.now() - begun < SECOND_TIME_MS;)
      await sleep(50);
    if (!ended) kill('SIGTERM');
  };
  const watching = watched();
  const outcome = await running;
  ended = true;
  await watching;
  return outcome;
}

/** A documented exit code; an error that says what state everything is in, and what to type next. */
export function expectHonest(
  outcome: RunOutcome,
  codes: Readonly<Partial<Record<ExitCodeName, string>>>,
  what: string,
): void {
  const said = `${what}: exit ${outcome.exitCode}\n${outcome.stderr}`;
  const documented = Object.keys(codes).map((name) => ExitCode[name as ExitCodeName]);
  expect(documented, said).to.include(outcome.exitCode);
  expect(outcome.stderr, said).not.to.match(/internal error|\bundefined\b|\[object /);
  if (outcome.exitCode === ExitCode.done) return;
  // Whoever ends it before it began with anything knows that, and is told nothing.
  if (outcome.exitCode === ExitCode.terminated && outcome.stderr === '') return;
  expect(outcome.stderr, said).to.match(/^docker rewind: \S/m);
  // Whoever wanted out, and has everything as it was, has nothing to mend.
  const back = /nothing was changed|everything is back as it was/i.test(outcome.stderr);
  if (outcome.exitCode !== ExitCode.terminated || !back) expect(outcome.stderr, said).to.match(/^→ \S/m);
  if (outcome.exitCode === ExitCode.failed)
    expect(outcome.stderr, said).to.match(
      /nothing was changed|Everything is back as it was|is not concluded/i,
    );
  if (outcome.exitCode === ExitCode.notUndone) expect(outcome.stderr, said).to.match(/rewind recover/);
}

/** Where the command could not put everything back or clear up after success, and said so: recover does, without a fault. */
export async function recoverWhereNeeded(
  project: TestProject,
  outcome: RunOutcome,
  what: string,
): Promise<void> {
  const left = outcome.stderr.includes('left in the middle');
  const unfinished = left || outcome.exitCode === ExitCode.notUndone;
  if (!unfinished && !outcome.stderr.includes('done, but not cleared up')) return;
  const recovered = await project.rewind(['recover']);
  expect(recovered.exitCode, `recover after ${what}: ${recovered.stderr}`).to.equal(0);
  expect((await project.json(['recover'])).document.recovered).to.deep.equal([]);
}

const MODES: readonly FaultMode[] = ['fail', 'lost', 'cut', 'kill', 'hang'];

/**
 * Where more faults than a sample are wanted (npm run faults): one test for each way in which a call goes wrong, with every
 * call of a command, one after the other. `count` runs the command without a fault.
 */
export function everyCall(
  name: string,
  project: () => TestProject,
  shim: CallShim,
  count: () => Promise<RunOutcome>,
  check: (fault: Fault) => Promise<void>,
): void {
  if (WANTED === undefined) return;
  for (const mode of MODES) {
    it(`every call of ${name}: ${mode}`, async () => {
      const outcome = await count();
      expect(outcome.exitCode, outcome.stderr).to.equal(0);
      const faults = shim.calls.map((_, index): Fault => ({ mode, number: index + 1, pattern: '*' }));
      const violations: string[] = [];
      for (const fault of spread(faults, faults.length)) {
        try {
          await check(fault);
        } catch (error) {
          // The others are worth knowing, too.
          violations.push(String(error));
          process.stderr.write(`${violations.at(-1)}\n`);
          await project().rewind(['recover']);
        }
      }
      expect(violations.join('\n\n')).to.equal('');
    }).timeout(TIMEOUT_MS);
  }
}

/** No lock is left on the engine, unless its own removal was what went wrong: the next command removes that one. */
export async function expectUnlocked(project: TestProject, shim: CallShim, what: string): Promise<void> {
  if (shim.hit?.startsWith('docker volume') === true) return;
  const label = `label=docker-rewind.lock=${project.name}`;
  const { stdout } = await project.docker(['volume', 'ls', '--quiet', '--filter', label]);
  expect(stdout, what).to.equal('');
}

/** Nothing is left, but for a lock whose removal was what went wrong: the next command removes that one. */
export async function expectNothingLeft(project: FaultProject, shim: CallShim, what: string): Promise<void> {
  const left = (await project.leftovers()).filter(
    (name) => shim.hit?.startsWith('docker volume') !== true || !name.startsWith('lock volume'),
  );
  expect(left, what).to.deep.equal([]);
}

export const describeFault = ({ mode, number, pattern }: Fault): string =>
  `${mode} of call ${number} of ${pattern}`;

/**
 * Runs a command until it waits for the answer to one call, looks at what is there then, and kills it and all that it
 * started.
 */
export async function killedAt(
  project: TestProject,
  shim: CallShim,
  args: readonly string[],
  call: { number: number; pattern: string },
  look: () => Promise<void> = async () => {},
): Promise<void> {
  shim.arm({ mode: 'hang', ...call });
  const child = spawn(SHIM, args, {
    cwd: project.directory,
    env: {
      ...process.env,
      ...shim.env,
      DOCKER_CONFIG: await dockerConfig(),
      REWIND_HELPER_IMAGE: 'rewind-test/helper:1',
    },
    stdio: 'ignore',
    detached: true,
  });
  const ended = once(child, 'exit');
  await until(`the call ${call.pattern}`, () => shim.hit !== undefined || child.exitCode !== null, 60_000);
  expect(shim.hit, 'the call came to pass').to.be.a('string');
  try {
    await look();
  } finally {
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    await ended;
  }
}
