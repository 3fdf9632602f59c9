import type { SoakProject } from './project.ts';

interface KnownPoint {
  /** Writes that were acknowledged before it was begun: it must hold them. */
  holds: readonly string[];
  tree: string;
  volumes: readonly string[];
}

/** The world before a command. */
export interface Before {
  /** Acknowledged so far, of whatever time line. */
  acks: number;
  holds: readonly string[];
  tree: string;
}

/** What must be true of the data: which acknowledged writes it holds, and which tree. */
export class DataModel {
  readonly points = new Map<string, KnownPoint>();
  readonly #project: SoakProject;
  /** What the log held when the present time line began. */
  #base: readonly string[] = [];
  /** How many acknowledgements there were then. */
  #since = 0;

  constructor(project: SoakProject) {
    this.#project = project;
  }

  async before(): Promise<Before> {
    const acks = this.#project.acks();
    return {
      acks: acks.length,
      holds: [...this.#base, ...acks.slice(this.#since)],
      tree: await this.#project.digest(),
    };
  }

  learn(point: string, before: Before): void {
    this.points.set(point, {
      holds: before.holds,
      tree: before.tree,
      volumes: this.#project.volumesOf(point),
    });
  }

  /** What is wrong where everything should be as before, with what was written since; empty where nothing is. */
  async asBefore(before: Before): Promise<string[]> {
    const acks = this.#project.acks();
    const log = new Set(this.#project.log());
    const lost = [...this.#base, ...acks.slice(this.#since)].filter((line) => !log.has(line));
    return [...lostText(lost), ...treeText(await this.#project.digest(), before.tree)];
  }

  /** What is wrong where a restore of `point` should be done; `volumes` says of what. */
  async asRestored(point: string, volumes: readonly string[], before: Before): Promise<string[]> {
    const known = this.points.get(point);
    if (known === undefined) return [`nothing is known of ${point}`];
    const acks = this.#project.acks();
    const log = this.#project.log();
    const present = new Set(log);
    const withData = volumes.includes('data');
    // Whoever began after the swap wrote to the restored data.
    const earlier = new Set(acks.slice(0, before.acks).map(startOf));
    const must = withData
      ? [...known.holds, ...acks.slice(before.acks).filter((line) => !earlier.has(startOf(line)))]
      : [...this.#base, ...acks.slice(this.#since)];
    const tree = volumes.includes('tree') ? known.tree : before.tree;
    const problems = [
      ...lostText(must.filter((line) => !present.has(line))),
      ...treeText(await this.#project.digest(), tree),
    ];
    if (withData && problems.length === 0) {
      this.#base = log;
      this.#since = acks.length;
    }
    return problems;
  }
}

const startOf = (line: string): string => line.slice(0, 36);

function lostText(lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  return [`${lines.length} acknowledged writes are gone: ${lines[0] ?? ''} … ${lines.at(-1) ?? ''}`];
}

function treeText(now: string, wanted: string): string[] {
  return now === wanted ? [] : [`the tree is ${now}, not ${wanted}`];
}
