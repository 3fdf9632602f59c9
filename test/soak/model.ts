import { Ledger } from './ledger.ts';
import type { SoakProject } from './project.ts';

/** What holds numbered writes: the volume `data` and the database service `db`. */
const LEDGERS = ['data', 'db'] as const;
type Held = (typeof LEDGERS)[number];

/** The world at a moment. */
export interface Moment {
  ledgers: Record<Held, { acks: number; holds: readonly string[] }>;
  tree: string;
}

/** A restore point, taken after that moment. */
interface KnownPoint extends Moment {
  /** The volumes and database services that it has. */
  parts: readonly string[];
}

/** What must be true of the data: which acknowledged writes it holds, and which tree. */
export class DataModel {
  readonly points = new Map<string, KnownPoint>();
  readonly #project: SoakProject;
  readonly #ledgers: Record<Held, Ledger>;

  constructor(project: SoakProject) {
    this.#project = project;
    this.#ledgers = {
      data: new Ledger({
        acks: () => project.acks('lines'),
        held: () => Promise.resolve(project.log()),
        startsAnew: true,
      }),
      db: new Ledger({ acks: () => project.acks('rows'), held: () => project.rows(), startsAnew: false }),
    };
  }

  async now(): Promise<Moment> {
    return {
      ledgers: { data: this.#ledgers.data.now(), db: this.#ledgers.db.now() },
      tree: await this.#project.digest(),
    };
  }

  learn(point: string, before: Moment): void {
    this.points.set(point, { ...before, parts: this.#project.partsOf(point) });
  }

  /** What is wrong where everything should be as before, with what was written since; empty where nothing is. */
  async asBefore(before: Moment): Promise<string[]> {
    const problems = await Promise.all(LEDGERS.map((name) => this.#lost(name)));
    return [...problems.flat(), ...treeText(await this.#project.digest(), before.tree)];
  }

  /** What is wrong where a restore of these parts of `point` should be done. */
  async asRestored(point: string, parts: readonly string[], before: Moment): Promise<string[]> {
    const known = this.points.get(point);
    if (known === undefined) return [`nothing is known of ${point}`];
    const problems: string[] = [];
    const accept: (() => void)[] = [];
    for (const name of LEDGERS) {
      if (!parts.includes(name)) problems.push(...(await this.#lost(name)));
      else {
        const result = await this.#ledgers[name].restored(
          known.ledgers[name].holds,
          before.ledgers[name].acks,
        );
        problems.push(...result.problems.map((text) => `${name}: ${text}`));
        accept.push(result.accept);
      }
    }
    const tree = parts.includes('tree') ? known.tree : before.tree;
    problems.push(...treeText(await this.#project.digest(), tree));
    if (problems.length === 0) for (const each of accept) each();
    return problems;
  }

  async #lost(name: Held): Promise<string[]> {
    return (await this.#ledgers[name].lost()).map((text) => `${name}: ${text}`);
  }
}

function treeText(now: string, wanted: string): string[] {
  return now === wanted ? [] : [`the tree is ${now}, not ${wanted}`];
}
