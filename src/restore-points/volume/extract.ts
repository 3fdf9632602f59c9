import { join } from 'node:path';
import { Readable } from 'node:stream';
import { insideHelper } from '../../docker/helper-container.ts';
import { bytesText } from '../../bytes-text.ts';
import { RewindError } from '../../errors.ts';
import type { Store, StoredFile } from '../../stores/store.ts';
import type { VolumeArtifact } from '../manifest.ts';
import { checkFile, damaged, verified } from '../verified.ts';
import type { Helper } from './helper.ts';
import { requireCodes, type ScriptReport } from './script.ts';
import { checkParts } from './check-parts.ts';
import { compareIndexes } from './index-comparison.ts';
import { isSafePath } from './index-records.ts';
import { decompressed, nameList, openIndex, storedIndex, takeIndex } from './index-source.ts';
import type { Layer } from './layer.ts';
import { isAboutAttributes, LostAttributes } from './lost-attributes.ts';
import { refuseLinkedNames, refuseThroughLinks, stripAttributes } from './layer-links.ts';
import { DELETE, EXTRACT_GNU, EXTRACT_PLAIN, SET_TIMES, WRITE_PART } from './scripts.ts';
import { FREE } from './staging-scripts.ts';

/** Bytes of a list of names: it is read into memory. */
const LONGEST_LIST = 512 * 1024 * 1024;

export interface ExtractContext {
  helper: Helper;
  store: Store;
  point: string;
  /** For the index of what was extracted. */
  directory: string;
  /** It takes the place of what was there: whether it fits was known before. */
  fills: boolean;
  /** It goes without attributes that the file system does not take. */
  lossy: boolean;
  signal: AbortSignal;
  onProgress: (done: number) => void;
  /** What people should know when all is done. */
  onNote: (note: string) => void;
}

/** Where in a mount the data goes. */
export interface Target {
  slug: string;
  /** Below the mount's root; the root itself by default. */
  below?: string;
}

/** Extracts all layers of a volume, checking every stored byte on the way. Throws DAMAGED (exit 4) for a wrong one. */
export async function extractVolume(
  volume: VolumeArtifact,
  target: Target,
  context: ExtractContext,
): Promise<void> {
  const { helper } = context;
  if (helper.tools === 'busybox' && volume.tools === 'gnu') {
    throw new RewindError(
      'NEEDS_GNU_TAR',
      `the helper image has BusyBox only, which would damage ${volume.key}: it was archived with GNU tar`,
      { exit: 'refused', hint: 'Set x-rewind.helper_image to an image that has GNU tar and zstd' },
    );
  }
  const directory = inTarget(target);
  const lost = new LostAttributes();
  let done = 0;
  for (const [position, { deleted, archive, blocks, acls }] of volume.layers.entries()) {
    if (deleted !== null) await removeDeleted(deleted, directory, volume, context);
    const onBytes = (bytes: number): void => context.onProgress(done + bytes);
    const over = position > 0;
    await extractInto(directory, archive, { volume, context, lost, onBytes, over, parts: false, acls });
    done += archive.bytes;
    if (blocks === undefined) continue;
    await extractInto(directory, blocks, { volume, context, lost, onBytes, over: true, parts: true });
    await checkParts(blocks.files, { helper, directory, point: context.point, signal: context.signal });
    done += blocks.bytes;
  }
  lost.conclude(volume.key, context.lossy, context.onNote);
}

interface Extraction {
  volume: VolumeArtifact;
  context: ExtractContext;
  lost: LostAttributes;
  onBytes: (bytes: number) => void;
  /** It comes over layers that are there. */
  over: boolean;
  /** It holds parts of files that are there. */
  parts: boolean;
  /** As in its layer. */
  acls?: Layer['acls'] | undefined;
}

async function extractInto(
  directory: string,
  archive: StoredFile,
  { volume, context, lost, onBytes, over, parts, acls }: Extraction,
): Promise<void> {
  const { helper, point, signal } = context;
  if (over) {
    const place = { helper, directory, point, signal };
    const directories = await refuseThroughLinks(await verified(context, archive), place, { parts });
    await stripAttributes(directories, place);
  }
  const room = context.fills ? Number.MAX_SAFE_INTEGER : await roomFor(directory, context);
  const args = [directory, String(room), over ? '' : (acls ?? ''), ...(parts ? [WRITE_PART] : [])];
  const report = await extractArchive(archive, args, context, { onBytes, lost });
  if (report.codes.has('full')) throw tooLong(volume, room);
  if (report.messages.some((line) => NO_DEVICE.test(line))) throw deviceRefused(volume.key, point);
  requireCodes(report, helper.tools === 'gnu' ? ['zstd', 'tar'] : ['tar'], `extracting ${volume.key}`);
}

/** Extracts one archive and checks its bytes. Those of a file on this host are read twice: both at the same time. */
async function extractArchive(
  archive: StoredFile,
  args: readonly string[],
  context: ExtractContext,
  { onBytes, lost }: Pick<Extraction, 'onBytes' | 'lost'>,
): Promise<ScriptReport> {
  const { helper, store, point, signal } = context;
  const messages = { onMessage: (line: string) => lost.hear(line), isHeardOnly: isAboutAttributes };
  const path = helper.tools === 'gnu' ? await store.pathOf?.(point, archive.path) : undefined;
  if (path !== undefined) {
    const [checked, ran] = await Promise.allSettled([
      checkFile(context, archive),
      helper.run(EXTRACT_GNU, args, { file: { path, onBytes }, ...messages }, signal),
    ]);
    // Whatever tar says of damaged bytes.
    if (checked.status === 'rejected') throw checked.reason;
    if (ran.status === 'rejected') throw ran.reason;
    return ran.value.report;
  }
  let done = 0;
  const stored = await verified(context, archive, (bytes) => onBytes((done += bytes)));
  const script = helper.tools === 'gnu' ? EXTRACT_GNU : EXTRACT_PLAIN;
  const input = helper.tools === 'gnu' ? stored : Readable.from(decompressed(stored, Number(args[1])));
  return (await helper.run(script, args, { input, ...messages }, signal)).report;
}

/**
 * Compares what was extracted with the restore point's index. Throws NOT_EQUAL with the first differences. Tar puts
 * links that lead out of the archive in their place at the very end, when it has set the times of some of the
 * directories that they are in already: those are set again.
 */
export async function compareWithIndex(
  volume: VolumeArtifact,
  target: Target,
  context: ExtractContext,
): Promise<void> {
  const late: { path: string; mtime: string }[] = [];
  let problems = await differences(volume, target, context, (directory) => late.push(directory));
  if (problems.length === 0 && late.length > 0) {
    await setTimes(volume, late, target, context);
    problems = await differences(volume, target, context);
  }
  if (problems.length === 0) return;
  throw new RewindError('NOT_EQUAL', `${volume.key} as extracted is not what the restore point describes`, {
    exit: 'refused',
    details: problems.map((problem) => Buffer.from(problem, 'latin1').toString('utf8')),
    hint: 'docker rewind list shows the other restore points',
  });
}

async function differences(
  volume: VolumeArtifact,
  target: Target,
  context: ExtractContext,
  onDirectoryTime?: (directory: { path: string; mtime: string }) => void,
): Promise<string[]> {
  const file = join(context.directory, `${volume.slug}.restored.index`);
  await takeIndex(context.helper, file, { ...target, key: volume.key, live: false }, context.signal);
  const unsettled = new Set(volume.unsettled === null ? [] : await readNames(context, volume.unsettled));
  return compareIndexes(storedIndex(await verified(context, volume.index)), openIndex(file), {
    unsettled,
    coarse: volume.tools === 'busybox' || context.helper.tools === 'busybox',
    ...(onDirectoryTime === undefined ? {} : { onDirectoryTime }),
  });
}

async function setTimes(
  volume: VolumeArtifact,
  directories: readonly { path: string; mtime: string }[],
  target: Target,
  context: ExtractContext,
): Promise<void> {
  const words = directories.flatMap(({ path, mtime }) => ['-d', `@${mtime}`, path]);
  const { report } = await context.helper.run(
    SET_TIMES,
    [inTarget(target)],
    { input: Readable.from([nameList(words)]) },
    context.signal,
  );
  requireCodes(report, ['touch'], `extracting ${volume.key}`);
}

// GNU tar's words, and BusyBox's.
const NO_DEVICE = /: (?:Cannot mknod|can't create node .*): Operation not permitted$/;

/** A point of unknown origin that holds a device node: who can open it has the host's disk or memory before them. */
export function deviceRefused(key: string, point: string): RewindError {
  return new RewindError('DEVICES', `${key} of ${point} holds device nodes, and it was not made here`, {
    exit: 'refused',
    hint: 'docker rewind inspect --files lists them; --allow-devices makes them',
  });
}

/** Bytes that an archive may come to: some of the disk is left to those who run on it, whatever the archive says. */
async function roomFor(directory: string, { helper, signal }: ExtractContext): Promise<number> {
  return Math.floor(Number(await helper.ask(FREE, [directory], signal)) * FILLED_AT_MOST);
}

const FILLED_AT_MOST = 0.95;

function tooLong(volume: VolumeArtifact, room: number): RewindError {
  return new RewindError(
    'NO_SPACE',
    `there is too little space for ${volume.key}: it comes to more than the ${bytesText(room)} that may be used`,
    { exit: 'refused', hint: 'Free some space: docker system df' },
  );
}

const inTarget = ({ slug, below }: Target): string =>
  below === undefined ? insideHelper(slug) : `${insideHelper(slug)}/${below}`;

async function removeDeleted(
  file: StoredFile,
  directory: string,
  volume: VolumeArtifact,
  context: ExtractContext,
): Promise<void> {
  const names = await readNames(context, file);
  const { helper, point, signal } = context;
  await refuseLinkedNames(names, { helper, directory, point, signal });
  const { report } = await context.helper.run(
    DELETE,
    [directory],
    { input: Readable.from([nameList(names)]) },
    context.signal,
  );
  requireCodes(report, ['delete'], `extracting ${volume.key}`);
}

/** A stored list of names; none of them leads out of the volume. */
async function readNames(context: ExtractContext, file: StoredFile): Promise<string[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of decompressed(await verified(context, file), LONGEST_LIST)) chunks.push(chunk);
  const names = Buffer.concat(chunks).toString('latin1').split('\0').slice(0, -1);
  const bad = names.find((name) => name !== '.' && !isSafePath(name));
  if (bad !== undefined) throw damaged(context.point, file.path, 'it names something outside the volume');
  return names;
}
