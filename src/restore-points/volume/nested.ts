import { insideHelper } from '../../docker/helper-container.ts';
import { RewindError } from '../../errors.ts';
import { Lines } from '../../lines.ts';
import type { Helper } from './helper.ts';
import { requireEntries } from './index-source.ts';
import { PRUNE } from './scripts.ts';

/**
 * $1 directory, $2 where in it to begin. Prints the device number and the name of every directory, ended by NUL; of those in
 * which another file system begins as well, but of nothing in them.
 */
const LOOK_GNU = `
export LC_ALL=C
cd -- "$1" || exit 91
printf '%s .\\0' "$(stat -c %d .)"
find "$2" -xdev ${PRUNE} -type d -printf '%D %p\\0'
echo "rewind: find $?" >&2
`;

/** The same, ended by newlines. */
const LOOK_BUSYBOX = `
export LC_ALL=C
cd -- "$1" || exit 91
stat -c '%d .' .
find "$2" -xdev ${PRUNE} -type d -exec stat -c '%d %n' {} +
echo "rewind: find $?" >&2
`;

interface Place {
  /** What people call the volume. */
  key: string;
  slug: string;
  /** A file or directory of the volume; all of it by default. */
  below?: string;
}

/** A device number and a name. A name may have lines of its own; none of these is taken for an entry. */
const ENTRY = /^(\d+) (\..*)$/s;

/**
 * The directories of a volume, relative to its root, in which another file system begins: a mount, or a subvolume of btrfs.
 * An archive ends there, so that it never takes a network drive for data of a service; and what replaces the volume would
 * remove it.
 */
export async function nestedFileSystems(
  helper: Helper,
  { key, slug, below }: Place,
  signal: AbortSignal,
): Promise<string[]> {
  const gnu = helper.tools === 'gnu';
  const nested: string[] = [];
  let own: string | undefined;
  const take = (line: string): void => {
    const [, device, name = ''] = ENTRY.exec(line) ?? [];
    own ??= device;
    if (device !== undefined && device !== own) nested.push(Buffer.from(name.slice(2), 'latin1').toString());
  };
  const { report } = await helper.run(
    gnu ? LOOK_GNU : LOOK_BUSYBOX,
    [insideHelper(slug), below === undefined ? '.' : `./${below}`],
    {
      output: async (stream) => {
        const lines = new Lines(gnu ? '\0' : '\n');
        for await (const block of stream) lines.with(block.toString('latin1')).forEach(take);
      },
    },
    signal,
  );
  requireEntries(report, ['find'], { key, live: true });
  return nested.sort();
}

/**
 * The same before a volume is archived. Throws NEEDS_GNU_TAR (exit 4) where it is to be archived by the tar of BusyBox, which
 * goes into all of them.
 */
export async function nestedLeftOut(helper: Helper, place: Place, signal: AbortSignal): Promise<string[]> {
  const nested = await nestedFileSystems(helper, place, signal);
  if (nested.length === 0 || helper.tools === 'gnu') return nested;
  throw new RewindError(
    'NEEDS_GNU_TAR',
    `${place.key} has ${nestedText(nested)}; the helper image has BusyBox only, which cannot leave them out`,
    { exit: 'refused', hint: 'Set x-rewind.helper_image to an image that has GNU tar and zstd' },
  );
}

/** For people, in the list of what a restore point does not have. */
export function nestedText(nested: readonly string[]): string {
  return `other file systems below it: ${namesOf(nested)}`;
}

/** Throws NESTED_FILE_SYSTEM (exit 4) where a volume cannot be replaced without what no restore point has. */
export async function refuseNested(helper: Helper, place: Place, signal: AbortSignal): Promise<void> {
  const nested = await nestedFileSystems(helper, place, signal);
  if (nested.length === 0) return;
  const are = nested.length === 1 ? 'is another file system' : 'are other file systems';
  throw new RewindError(
    'NESTED_FILE_SYSTEM',
    `${namesOf(nested)} in ${place.key} ${are}, which no restore point has and a restore would remove`,
    {
      exit: 'refused',
      hint: `Unmount or move it for the restore; or restore beside it: --only ${place.key} --to-volume NAME`,
    },
  );
}

const NAMED = 5;

function namesOf(nested: readonly string[]): string {
  const more = nested.length - NAMED;
  return `${nested.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
