import { appendFileSync, createReadStream, writeFileSync } from 'node:fs';
import { nameList } from './index-source.ts';

/** So many are written together. */
const GATHER = 4096;

/** Names of entries, Latin-1 as in an index: the last few in memory, the others in a file that is made when there are many. */
export class NameList {
  count = 0;
  readonly #file: string;
  #gathered: string[] = [];
  #written = false;

  constructor(file: string) {
    this.#file = file;
  }

  add(name: string): void {
    this.count++;
    this.#gathered.push(name);
    if (this.#gathered.length < GATHER) return;
    const chunk = nameList(this.#gathered);
    if (this.#written) appendFileSync(this.#file, chunk);
    else writeFileSync(this.#file, chunk, { mode: 0o600 });
    this.#written = true;
    this.#gathered = [];
  }

  /** All names in the order in which they were added, each ended by NUL. */
  async *chunks(): AsyncGenerator<Buffer> {
    if (this.#written) yield* createReadStream(this.#file) as AsyncIterable<Buffer>;
    yield nameList(this.#gathered);
  }

  async names(): Promise<string[]> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.chunks()) chunks.push(chunk);
    return Buffer.concat(chunks).toString('latin1').split('\0').slice(0, -1);
  }
}
