import { parseRecord, pathOf, type IndexReader, type IndexRecord } from './index-records.ts';

/**
 * Brings the records of two indexes of one volume together: an entry that only one has comes alone. Pairs of records, as they
 * were written, of which `alike` says that nothing has to be said are passed over: that is nearly all of them, and costs next
 * to nothing.
 */
export type Pair = (
  left: IndexReader,
  right: IndexReader,
  alike?: (left: string, right: string) => boolean,
) => AsyncGenerator<[IndexRecord | undefined, IndexRecord | undefined]>;

const never = (): boolean => false;

/** Of two indexes that are in the order of their bytes, in that order. */
export const merged: Pair = async function* (left, right, alike = never) {
  for (;;) {
    const [a, b] = await nextUnlike(left, right, alike);
    if (a === undefined && b === undefined) return;
    const order = a === undefined ? 1 : b === undefined ? -1 : compare(pathOf(a), pathOf(b));
    yield [
      order <= 0 && a !== undefined ? take(left, a) : undefined,
      order >= 0 && b !== undefined ? take(right, b) : undefined,
    ];
  }
};

/** So many records at most wait in memory for the other index to come to them. */
const MOST_WAITING = 50_000;

/** Two indexes whose entries come in orders that have little in common. */
export class OtherOrder extends Error {}

/**
 * Of two indexes as a volume's entries are found, one after the other: a directory in which nothing changed is read in the same
 * order again. Nobody has to wait until all of them are in order, which needs the last one to be found. Throws OtherOrder.
 */
export const matched: Pair = async function* (left, right, alike = never) {
  const lefts = new Map<string, string>();
  const rights = new Map<string, string>();
  for (;;) {
    const [a, b] = await nextUnlike(left, right, alike);
    if (a === undefined && b === undefined) break;
    if (a !== undefined) {
      left.advance();
      const path = pathOf(a);
      const other = rights.get(path);
      if (other === undefined) lefts.set(path, a);
      else if (rights.delete(path) && !alike(a, other)) yield [parseRecord(a), parseRecord(other)];
    }
    if (b !== undefined) {
      right.advance();
      const path = pathOf(b);
      const other = lefts.get(path);
      if (other === undefined) rights.set(path, b);
      else if (lefts.delete(path) && !alike(other, b)) yield [parseRecord(other), parseRecord(b)];
    }
    if (lefts.size + rights.size <= MOST_WAITING) continue;
    await Promise.all([left.close(), right.close()]);
    throw new OtherOrder('the entries were found in another order');
  }
  for (const record of lefts.values()) yield [parseRecord(record), undefined];
  for (const record of rights.values()) yield [undefined, parseRecord(record)];
};

/** The next records of both that are not alike, not taken yet; undefined where one has no more. */
async function nextUnlike(
  left: IndexReader,
  right: IndexReader,
  alike: (left: string, right: string) => boolean,
): Promise<[string | undefined, string | undefined]> {
  for (;;) {
    let a = left.peek() ?? ((await left.more()) ? left.peek() : undefined);
    let b = right.peek() ?? ((await right.more()) ? right.peek() : undefined);
    while (a !== undefined && b !== undefined && alike(a, b)) {
      left.advance();
      right.advance();
      a = left.peek();
      b = right.peek();
    }
    // One of them has to be read on.
    if ((a === undefined || b === undefined) && (await anyMore(left, a, right, b))) continue;
    return [a, b];
  }
}

async function anyMore(
  left: IndexReader,
  a: string | undefined,
  right: IndexReader,
  b: string | undefined,
): Promise<boolean> {
  return (a === undefined && (await left.more())) || (b === undefined && (await right.more()));
}

function take(index: IndexReader, line: string): IndexRecord {
  index.advance();
  return parseRecord(line);
}

/** The order of the bytes of whole records, which is how the helper sorts them. */
function compare(a: string, b: string): number {
  const [left, right] = [`${a}//`, `${b}//`];
  return left < right ? -1 : left > right ? 1 : 0;
}
