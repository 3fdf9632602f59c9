import { setTimeout as delay } from 'node:timers/promises';
import { evidenceOf } from './evidence.ts';
import { Command, type CommandOutcome } from './command.ts';
import type { SmallDisk } from './disk.ts';
import type { OwnEngine } from './engine.ts';
import { DataModel, type Moment } from './model.ts';
import { randomOperation, TROUBLES, type Operation, type Trouble } from './operations.ts';
import { VERSIONS, type SoakProject } from './project.ts';
import type { Random } from './random.ts';
import { until } from '../integration/world.ts';

/** What a command may end with, besides null for killed. */
const EXIT_CODES: readonly (number | null)[] = [null, 0, 1, 4, 5, 10, 11, 130, 137, 143];
const KEPT_POINTS = 5;

/** A command that is over, and the world before it. */
interface Done {
  trouble: Trouble;
  before: Moment;
  imageBefore: string;
  outcome: CommandOutcome;
  /** There was something to recover. */
  recovered: boolean;
  /** Locks of commands that were killed earlier. */
  inherited: readonly string[];
}

const isLock = (leftover: string): boolean => /^state: lock|^volume: .*lock/.test(leftover);

/** One soak: does a command with a trouble, recovers, and looks whether everything is as it must be. */
export class Soak {
  readonly violations: string[] = [];
  readonly counts: Record<string, number> = {
    operations: 0, kills: 0, signals: 0, 'engine restarts': 0, 'full disks': 0, 'clock jumps': 0, 'concurrent commands': 0, recoveries: 0,
  }; // prettier-ignore
  readonly #engine: OwnEngine;
  readonly #project: SoakProject;
  readonly #random: Random;
  readonly #model: DataModel;
  /** How long such a command takes, for a moment to strike at. */
  readonly #usual = new Map<string, number>();
  /** What was seen in the present step beside its output: a violation cannot be brought about again by its seed alone. */
  #seen: string[] = [];

  constructor(engine: OwnEngine, project: SoakProject, random: Random) {
    this.#engine = engine;
    this.#project = project;
    this.#random = random;
    this.#model = new DataModel(project);
  }

  summary(): string {
    const counts = Object.entries(this.counts).map(([name, count]) => `${count} ${name}`);
    return [
      ...counts,
      `${this.#project.acks('lines').length + this.#project.acks('rows').length} acknowledged writes`,
      `${this.violations.length} violations`,
    ].join(', ');
  }

  async step(): Promise<void> {
    const random = this.#random;
    this.#count('operations');
    this.#seen = [];
    await this.#project.mutate(random.between(1, 1_000_000));
    const operation = randomOperation(random, this.#model.points, VERSIONS);
    const trouble = random.weighted(TROUBLES);
    const before = await this.#model.now();
    const imageBefore = this.#project.imageInFile('web');
    const known = new Set(this.#project.points());
    const inherited = (await this.#project.leftovers()).filter(isLock);
    const begun = performance.now();
    const { outcome, hit } = await this.#do(operation, trouble);
    this.#say(operation, hit ? trouble : 'none', outcome, performance.now() - begun);
    const problems: string[] = [];
    if (!EXIT_CODES.includes(outcome.exitCode)) problems.push(`exit code ${outcome.exitCode}`);
    if (/internal error|\n\s+at .*\.(js|ts):\d+/.test(outcome.output))
      problems.push('a stack trace or an internal error');
    const recovered = await this.#recover(outcome, hit ? trouble : 'none', problems);
    await this.#startWhatTheEngineLeft(trouble);
    const done = { trouble, before, imageBefore, outcome, recovered, inherited };
    problems.push(...(await this.#check(operation, done)));
    for (const point of this.#project.points()) {
      if (known.has(point)) continue;
      // Whether a second command took it before or after the restore nobody knows.
      if (trouble === 'second' && operation.restores !== undefined) this.#project.removePoint(point);
      else this.#model.learn(point, before);
    }
    if (problems.length > 0) await this.#violation(operation, trouble, outcome, problems);
    this.#thinOut();
  }

  /** Runs the command, with its trouble; `hit`: the trouble came while it ran. */
  async #do(operation: Operation, trouble: Trouble): Promise<{ outcome: CommandOutcome; hit: boolean }> {
    const random = this.#random;
    const verb = operation.args[0] ?? '';
    const where = { cwd: this.#project.directory, host: this.#engine.host };
    const disk = this.#diskOf(trouble);
    if (disk !== undefined) {
      this.#count('full disks');
      await disk.fill(random.pick([0, 4096, 65_536, 400_000]));
    }
    const clock = trouble === 'clock' ? random.pick(['-2h', '+3h', '-1d', '-10s']) : undefined;
    if (clock !== undefined) this.#count('clock jumps');
    const begun = performance.now();
    const command = new Command(operation.args, { ...where, clock });
    let ended = false;
    const done = command.done.finally(() => (ended = true));
    const moment = random.next() * 1.1 * (this.#usual.get(verb) ?? 4000);
    let hit = disk !== undefined || clock !== undefined;
    if (['kill', 'signal', 'engine-killed', 'engine-stopped', 'second'].includes(trouble)) {
      await Promise.race([done, delay(trouble === 'second' ? 100 : moment)]);
      hit = !ended;
      if (hit) await this.#strike(trouble, command, where);
    }
    const outcome = await done;
    if (disk !== undefined) await disk.free();
    if (!hit) this.#usual.set(verb, performance.now() - begun);
    return { outcome, hit };
  }

  async #strike(trouble: Trouble, command: Command, where: { cwd: string; host: string }): Promise<void> {
    switch (trouble) {
      case 'kill':
        if (command.signal('SIGKILL')) this.#count('kills');
        return;
      case 'signal':
        if (command.signal(this.#random.pick(['SIGINT', 'SIGTERM'] as const))) this.#count('signals');
        return;
      case 'engine-killed':
      case 'engine-stopped':
        this.#count('engine restarts');
        await this.#engine.restart(trouble === 'engine-killed' ? 'SIGKILL' : 'SIGTERM');
        return;
      default: {
        this.#count('concurrent commands');
        const second = await new Command(['backup'], where).done;
        this.#seen.push(`the second command, exit ${second.exitCode}: ${second.output}`);
        if (![0, 5, 11].includes(second.exitCode ?? 0))
          this.violations.push(`the second command: ${second.output}`);
      }
    }
  }

  #diskOf(trouble: Trouble): SmallDisk | undefined {
    const { state, store, volumes } = this.#project.disks;
    return { 'full-state': state, 'full-store': store, 'full-volumes': volumes }[trouble as 'full-state'];
  }

  /** recover, which may be killed itself, until it is done; true where there was something to do. */
  async #recover(outcome: CommandOutcome, trouble: Trouble, problems: string[]): Promise<boolean> {
    const needed = this.#project.journals().length > 0;
    if (!needed) return false;
    this.#seen.push(...evidenceOf(this.#project));
    // What ended by itself leaves work only where the way back or the clearing up failed, and says so.
    if (
      outcome.exitCode !== null &&
      outcome.exitCode !== 5 &&
      outcome.exitCode !== 137 &&
      trouble !== 'signal' &&
      !outcome.output.includes('done, but not cleared up')
    )
      problems.push(`exit code ${outcome.exitCode} with an unfinished journal`);
    const where = { cwd: this.#project.directory, host: this.#engine.host };
    for (let tries = 0; tries < 4; tries++) {
      this.#count('recoveries');
      const recovery = new Command(['recover', '--yes'], where);
      if (tries < 2 && this.#random.next() < 0.3) {
        await Promise.race([recovery.done, delay(this.#random.next() * 2500)]);
        if (recovery.signal('SIGKILL')) this.#count('kills');
        const cut = await recovery.done;
        this.#seen.push(`recover, killed: ${cut.output}`, ...evidenceOf(this.#project));
        continue;
      }
      const result = await recovery.done;
      this.#seen.push(`recover, exit ${result.exitCode}: ${result.output}`);
      if (result.exitCode === 0) return true;
      if (tries === 3) problems.push(`recover ended with ${result.exitCode}: ${result.output}`);
    }
    return true;
  }

  /** A killed dockerd takes the containers with it. Those that the command did not touch are nobody's to start but ours. */
  async #startWhatTheEngineLeft(trouble: Trouble): Promise<void> {
    if (!trouble.startsWith('engine-')) return;
    const down = Object.values(await this.#project.services()).filter(({ running }) => !running);
    if (down.length > 0) await this.#project.compose('start');
  }

  async #check(
    operation: Operation,
    { trouble, before, imageBefore, outcome, recovered, inherited }: Done,
  ): Promise<string[]> {
    const problems: string[] = [];
    await this.#project.untilHealthy().catch(async (error: Error) => {
      problems.push(`${error.message}: ${JSON.stringify(await this.#project.services())}`);
    });
    const asBefore = await this.#model.asBefore(before);
    const { restores } = operation;
    if (restores === undefined) problems.push(...asBefore);
    else {
      // Done: as restored. Cut off: either way, never a mix. Failed: as before.
      const mayBeDone = outcome.exitCode === 0 || recovered;
      const mayBeBefore = outcome.exitCode !== 0;
      const asRestored = mayBeDone
        ? await this.#model.asRestored(restores.point, restores.parts, before)
        : ['not done'];
      if (asRestored.length > 0 && (asBefore.length > 0 || !mayBeBefore))
        problems.push(
          ...asRestored.map((text) => `restored: ${text}`),
          ...asBefore.map((text) => `before: ${text}`),
        );
    }
    const image = this.#project.imageInFile('web');
    const runs = (await this.#project.services())['web']?.image;
    if (runs !== image) problems.push(`web runs ${runs}, and the Compose file names ${image}`);
    if (operation.args[0] !== 'deploy' && operation.args[0] !== 'rollback' && image !== imageBefore)
      problems.push(`${imageBefore} became ${image}`);
    // The lock of who was killed, or whose engine went, stays until the next command takes it over, and through one that is
    // told to leave before it gets to that; a helper container ends by itself.
    const killed = outcome.exitCode === null || recovered || trouble.startsWith('engine-');
    const untaken = outcome.exitCode === 130 || outcome.exitCode === 143 ? inherited : [];
    let left: string[] = [];
    await until('nothing left', async () => {
      left = (await this.#project.leftovers()).filter(
        (name) => !untaken.includes(name) && !(killed && isLock(name)),
      );
      return left.length === 0;
    }).catch(() => problems.push(`left behind: ${left.join(', ')}`));
    return problems;
  }

  #thinOut(): void {
    const points = this.#project.points();
    for (const point of points.slice(0, Math.max(0, points.length - KEPT_POINTS))) {
      this.#project.removePoint(point);
      this.#model.points.delete(point);
    }
  }

  #count(name: string): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }

  #say(operation: Operation, trouble: Trouble, outcome: CommandOutcome, milliseconds: number): void {
    const words = [
      operation.args.join(' '),
      trouble === 'none' ? '' : `(${trouble})`,
      `exit ${outcome.exitCode}`,
    ];
    process.stdout.write(
      `${this.counts['operations']} ${words.join(' ')} ${(milliseconds / 1000).toFixed(1)} s\n`,
    );
  }

  async #violation(
    operation: Operation,
    trouble: Trouble,
    outcome: CommandOutcome,
    problems: readonly string[],
  ): Promise<void> {
    this.violations.push(
      [
        `${operation.args.join(' ')} (${trouble}), exit ${outcome.exitCode}`,
        ...problems,
        outcome.output,
        ...this.#seen,
        ...evidenceOf(this.#project),
        `the command's process ${outcome.pid}; locks: ${(await this.#project.lockHolders()).join(' ')}`,
      ].join('\n  '),
    );
  }
}
