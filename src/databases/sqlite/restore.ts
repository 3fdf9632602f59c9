import { createHash } from 'node:crypto';
import { bytesText } from '../../bytes-text.ts';
import { insideHelper } from '../../docker/helper-container.ts';
import { RewindError } from '../../errors.ts';
import type { StoredFile } from '../../stores/store.ts';
import type { DatabaseArtifact, EngineContext, LoadRequest, Server } from '../engine.ts';
import type { SqliteDetails } from './dump.ts';
import { askHelper, endHelper, helperFailed, runHelper } from './helper.ts';
import { fileNamed, mountsOf, type SqliteFile } from './mounts.ts';
import { CLEAR, IS_SWAPPED, LOAD, SWAP, UNSWAP } from './scripts.ts';

interface Target {
  dump: StoredFile;
  file: SqliteFile;
  details: SqliteDetails;
  number: string;
}

/** Puts the dumps into staging directories at the roots of their volumes, and checks them there. */
export async function loadFiles(server: Server, request: LoadRequest, context: EngineContext): Promise<void> {
  for (const target of await targetsOf(server, request, context))
    await loadFile(target, server, request, context);
}

async function loadFile(
  { file, details, number, dump }: Target,
  server: Server,
  request: LoadRequest,
  context: EngineContext,
): Promise<void> {
  const name = helperName(server, request);
  await endHelper(name, context);
  const { report } = await runHelper(
    {
      name,
      mounts: [file.mount],
      script: LOAD,
      args: [
        insideHelper(file.mount.slug), stagingOf(request), number,
        details.sha256, details.mode, details.owner, String(details.bytes),
      ],
      input: await request.read(dump),
    },
    context,
  ); // prettier-ignore
  if (report.exitCode === 0) return;
  const free = report.said.get('space')?.[0];
  if (free !== undefined) throw tooLittle(file, details, Number(free));
  const unequal = report.said.has('unequal') || report.said.has('damaged');
  throw new RewindError(
    unequal ? 'DAMAGED' : 'LOAD_FAILED',
    unequal
      ? `the dump of ${file.name} is damaged: what was unpacked is not what was dumped`
      : `loading ${file.name} failed: ${report.message}`,
    {
      exit: 'refused',
      hint: 'The live file was not touched; docker rewind list shows the other restore points',
    },
  );
}

/** Everybody who has the files open must be stopped. */
export async function swapFiles(server: Server, request: LoadRequest, context: EngineContext): Promise<void> {
  const name = helperName(server, request);
  await endHelper(name, context);
  for (const target of await targetsOf(server, request, context)) {
    const run = { name, mounts: [target.file.mount], script: SWAP, args: placeOf(target, request) };
    const { report } = await runHelper(run, context);
    if (report.exitCode === 0) continue;
    // What restores a volume in its place removes everything in it, what was staged there too.
    if (!report.said.has('unloaded')) throw helperFailed(`${target.file.name}: putting it in place`, report);
    await loadFile(target, server, request, context);
    await askHelper(run, `${target.file.name}: putting it in place`, context);
  }
}

export async function unswapFiles(
  server: Server,
  request: LoadRequest,
  context: EngineContext,
): Promise<void> {
  const name = helperName(server, request);
  await endHelper(name, context);
  for (const target of await targetsOf(server, request, context)) {
    const run = { name, mounts: [target.file.mount], script: UNSWAP, args: placeOf(target, request) };
    await askHelper(run, `${target.file.name}: putting it back`, context);
  }
  await clearFiles(server, request, context);
}

export async function clearFiles(
  server: Server,
  request: LoadRequest,
  context: EngineContext,
): Promise<void> {
  await eachMount(server, request, context, CLEAR, 'clearing up');
}

/** Whether a swap was begun: those who may have the restored files open have to stop before they are taken away. */
export async function isSwapped(
  server: Server,
  request: LoadRequest,
  context: EngineContext,
): Promise<boolean> {
  return (await eachMount(server, request, context, IS_SWAPPED, 'looking at it')).some(
    (text) => text.trim() === 'yes',
  );
}

async function eachMount(
  server: Server,
  request: LoadRequest,
  context: EngineContext,
  script: string,
  doing: string,
): Promise<string[]> {
  const name = helperName(server, request);
  await endHelper(name, context);
  const targets = await targetsOf(server, request, context);
  const mounts = new Map(targets.map(({ file }) => [file.mount.slug, file.mount]));
  const said: string[] = [];
  for (const mount of mounts.values()) {
    const args = [insideHelper(mount.slug), stagingOf(request)];
    said.push(await askHelper({ name, mounts: [mount], script, args }, `${mount.key}: ${doing}`, context));
  }
  return said;
}

async function targetsOf(server: Server, request: LoadRequest, context: EngineContext): Promise<Target[]> {
  const mounts = await mountsOf(server, context);
  return request.targets.map(({ artifact, database }, index) => ({
    dump: artifact.dump,
    file: fileNamed(database, server.service, mounts),
    details: checkedDetails(artifact),
    number: String(index),
  }));
}

const placeOf = ({ file, details, number }: Target, request: LoadRequest): string[] => [
  insideHelper(file.mount.slug),
  stagingOf(request),
  number,
  file.path,
  details.owner,
];

/** A manifest is data: what becomes an argument must be what it should be. */
function checkedDetails({ key, details }: DatabaseArtifact): SqliteDetails {
  const { bytes, sha256, mode, owner } = details as Partial<SqliteDetails>;
  const good =
    Number.isSafeInteger(bytes) &&
    /^[0-9a-f]{64}$/.test(String(sha256)) &&
    /^[0-7]{1,4}$/.test(String(mode)) &&
    /^\d{1,10}:\d{1,10}$/.test(String(owner));
  if (good) return details as unknown as SqliteDetails;
  throw new RewindError('DAMAGED', `the restore point does not describe ${key} as it should`, {
    exit: 'refused',
    hint: 'docker rewind list shows the other restore points',
  });
}

/** At the root of a volume: what restores volumes leaves such names where they are. */
const stagingOf = ({ restore }: LoadRequest): string => `.rewind-restore-sqlite-${restore}`;

/** The same for all work of one restore: two of them never work on the same files. */
function helperName({ service }: Server, { restore }: LoadRequest): string {
  const hash = createHash('sha256').update(service).digest('hex').slice(0, 8);
  return `rewind-sqlite-${restore}-${hash}`;
}

function tooLittle({ name }: SqliteFile, { bytes }: SqliteDetails, free: number): RewindError {
  return new RewindError(
    'NO_SPACE',
    `there is too little space for ${name}: ${bytesText(bytes)} are needed, ${bytesText(free)} are free`,
    { exit: 'refused', hint: 'Free some space in its volume; the live file was not touched' },
  );
}
