import { SCHEMA, type DeployedService, type Deployment } from './deployment.ts';

type Loose = Readonly<Record<string, unknown>>;

/**
 * One line of history.jsonl as a record, or why it is none. Everybody may have edited the file, and everything that is
 * shown or decided later relies on the types: so each field is looked at here. Of a newer version's record only what
 * is understood is relied on; the rest is passed on as it came.
 */
export function parseRecord(line: string): (Deployment & { newer?: true }) | string {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return 'it is not JSON (cut off while being written, or damaged)';
  }
  if (!isObject(entry)) return 'it is not a record';
  const newer = typeof entry['schema'] === 'number' && entry['schema'] > SCHEMA;
  const needed = newer ? IDENTITY : { ...IDENTITY, ...REST };
  for (const [key, isUsable] of Object.entries(needed)) {
    if (!isUsable(entry[key])) return `it has no usable "${key}"`;
  }
  return newer ? { ...entry, ...understood(entry), newer: true } : complete(entry);
}

const isObject = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isTextOrNothing = (value: unknown): boolean => value === undefined || value === null || isText(value);
const isTime = (value: unknown): boolean => isText(value) && !Number.isNaN(Date.parse(value));
const isTextList = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
const isService = (value: unknown): boolean =>
  isObject(value) &&
  isText(value['image']) &&
  [value['digest'], value['imageId'], value['previousImage']].every(isTextOrNothing);

/** What every version's records have. */
const IDENTITY: Record<string, (value: unknown) => boolean> = {
  // The name of the directory with its Compose files is made of it.
  uid: (value) => isText(value) && /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(value),
  id: (value) => isText(value) && /^v[0-9]{1,15}$/.test(value),
  environment: isText,
  project: isText,
  startedAt: isTime,
};

const REST: Record<string, (value: unknown) => boolean> = {
  kind: (value) => value === 'deploy' || value === 'rollback',
  status: (value) => value === 'succeeded' || value === 'failed' || value === 'interrupted',
  services: (value) => isObject(value) && Object.values(value).every(isService),
  changed: (value) => value === undefined || isTextList(value),
  finishedAt: (value) => value === undefined || isTime(value),
  user: isTextOrNothing,
  host: isTextOrNothing,
  commit: isTextOrNothing,
  message: isTextOrNothing,
  target: isTextOrNothing,
  error: (value) => value === undefined || isText(value),
};

/** Fills in what an older or hand-written record leaves out. */
function complete(entry: Loose): Deployment {
  const given = entry as unknown as Deployment;
  const services = Object.entries(given.services).map(([name, service]): [string, DeployedService] => [
    name,
    {
      ...service,
      digest: service.digest ?? null,
      imageId: service.imageId ?? null,
      previousImage: service.previousImage ?? null,
    },
  ]);
  return {
    ...given,
    services: Object.fromEntries(services),
    changed: given.changed ?? Object.keys(given.services),
    finishedAt: given.finishedAt ?? given.startedAt,
    user: given.user ?? 'unknown',
    host: given.host ?? 'unknown',
    commit: given.commit ?? null,
    message: given.message ?? null,
    target: given.target ?? null,
  };
}

/** The fields of a newer record that have the form known here, and harmless ones in place of the others. */
function understood(entry: Loose): Deployment {
  // A status that is not known here is no success, whatever it is.
  const status = isText(entry['status']) ? entry['status'] : 'interrupted';
  const kind = isText(entry['kind']) ? entry['kind'] : 'deploy';
  const known = Object.fromEntries(
    Object.entries(REST).map(([key, isUsable]) => [key, isUsable(entry[key]) ? entry[key] : undefined]),
  );
  const services = isObject(entry['services']) ? entry['services'] : {};
  const readable = Object.entries(services).filter(([, service]) => isService(service));
  return complete({ ...known, kind, status, services: Object.fromEntries(readable) });
}
