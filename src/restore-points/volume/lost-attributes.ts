import { RewindError } from '../../errors.ts';

// GNU tar's words for an extended attribute, of which an ACL is one, that a file system did not take: its exit code is 0.
const NOT_SET = /: Cannot set '(.+?)' extended attribute for file '(.*)'(?:: (.*))?$/s;
// The same of an ACL as such. It comes for every entry where the file system knows none, those without an ACL too.
const NO_ACL = /: Cannot (?:set|drop default) POSIX ACLs for file '/;
// Labels and hashes that the policy of a host gives its files. Those of another host would be wrong here.
const OF_THE_HOST = /^security\.(?!capability$)/;

const EXAMPLES = 5;

/** Whether tar says this of an attribute or an ACL: there may be such a line for every entry. */
export const isAboutAttributes = (line: string): boolean => NOT_SET.test(line) || NO_ACL.test(line);

/** Attributes and ACLs of a restore point that the file system did not take. */
export class LostAttributes {
  #count = 0;
  readonly #examples: string[] = [];

  /** A line of tar. */
  hear(line: string): void {
    const [, name, path, why] = NOT_SET.exec(line) ?? [];
    if (name === undefined || OF_THE_HOST.test(name)) return;
    this.#count++;
    if (this.#examples.length < EXAMPLES)
      this.#examples.push(`${name} of ${path}${why === undefined ? '' : `: ${why}`}`);
  }

  /** Throws ATTRIBUTES_LOST (exit 4) where there are any; tells `onNote` of them instead where that is known and meant. */
  conclude(key: string, accepted: boolean, onNote: (note: string) => void): void {
    const [first] = this.#examples;
    if (first === undefined) return;
    const what = `${this.#count} attribute${this.#count === 1 ? '' : 's'} of entries of ${key}`;
    if (accepted) return onNote(`${what} could not be set on this file system: ${first}`);
    throw new RewindError('ATTRIBUTES_LOST', `${what} cannot be set on this file system`, {
      exit: 'refused',
      details: this.#examples,
      hint: '--allow-lost-attributes restores without them',
    });
  }
}
