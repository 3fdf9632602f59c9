import type { ErrorObject } from 'ajv';
import schema from '../../docs/x-rewind.schema.json' with { type: 'json' };
import { RewindError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import type { ResolvedModel } from './project.ts';

/** The top-level `x-rewind:` block, as docs/x-rewind.schema.json describes it, with its defaults. */
export interface RewindConfig {
  environment: string;
  /** Besides `latest`. */
  mutable_tags: readonly string[];
  services: Readonly<Record<string, ServiceSettings>>;
  /** Where restore points go; the first is the one that `restore` looks into. */
  stores: readonly string[];
  /** Whether a deployment takes a restore point first. */
  before_deploy: 'backup' | 'none';
  /** The image that reads and writes volumes, instead of our own. */
  helper_image?: string;
  /** By the volume's key, or the directory's path in the project. */
  volumes: Readonly<Record<string, { mode?: VolumeMode; backup?: boolean }>>;
}

/** Settings of one service. */
export interface ServiceSettings {
  release?: boolean;
  /** How its data is kept: by the server's own tool, as volumes, or not at all; by its image where absent. */
  backup?: 'postgres' | 'mysql' | 'mariadb' | 'redis' | 'sqlite' | 'custom' | 'volumes' | 'none';
  /** Only these databases. */
  databases?: readonly string[];
  /** `custom`: shell commands for the container. */
  dump?: string;
  restore?: string;
}

/** How still those who write to a volume are kept while it is archived. */
export type VolumeMode = 'stop' | 'pause' | 'hot';

const DEFAULTS: RewindConfig = {
  environment: 'default',
  mutable_tags: [],
  services: {},
  stores: ['.rewind/points'],
  before_deploy: 'backup',
  volumes: {},
};

/** Reads and validates the block. Throws INVALID_CONFIG (exit 2) that names the key and the nearest known one. */
export async function rewindConfig(model: ResolvedModel): Promise<RewindConfig> {
  const block = model['x-rewind'];
  if (block === undefined || block === null) return DEFAULTS;
  const { validate } = await import('./config-validator.ts');
  if (!validate(block)) throw invalid(validate.errors?.[0]);
  const config = { ...DEFAULTS, ...(block as Partial<RewindConfig>) };
  const unknown = Object.keys(config.services).find((service) => model.services[service] === undefined);
  if (unknown !== undefined) {
    throw configProblem(
      `services.${unknown}`,
      'is no service of this project',
      nearest(unknown, Object.keys(model.services)),
    );
  }
  const kept = keptNames(model);
  for (const name of Object.keys(config.volumes)) {
    if (kept.some((known) => known === name || known.endsWith(`/${name}`))) continue;
    // Compose does not tell of volumes that no service uses: only what looks like a slip of the pen is one.
    const near = nearest(name, Object.keys(model.volumes ?? {}));
    if (near !== undefined) throw configProblem(`volumes.${name}`, 'is no volume of this project', near);
  }
  for (const [service, settings] of Object.entries(config.services)) requireCommands(service, settings);
  return config;
}

/** What settings of volumes can be about: keys of volumes, and the absolute paths that are mounted. */
function keptNames(model: ResolvedModel): string[] {
  const mounted = Object.values(model.services).flatMap((service) =>
    ((service['volumes'] as { type?: string; source?: string }[] | undefined) ?? []).flatMap(
      ({ type, source }) => (type === 'bind' && source !== undefined ? [source] : []),
    ),
  );
  return [...Object.keys(model.volumes ?? {}), ...mounted];
}

function requireCommands(service: string, { backup, dump, restore }: ServiceSettings): void {
  if (backup === 'custom') {
    if (dump === undefined) throw configProblem(`services.${service}`, 'has backup: custom without dump');
    if (restore === undefined)
      throw configProblem(`services.${service}`, 'has backup: custom without restore');
  } else if (dump !== undefined || restore !== undefined) {
    throw configProblem(`services.${service}`, 'has dump or restore without backup: custom');
  }
}

/** The services that `deploy --tag` is about: those with `build:` and those with `release: true`. */
export function releasedServices(model: ResolvedModel, config: RewindConfig): string[] {
  return Object.entries(model.services)
    .filter(([name, service]) => config.services[name]?.release ?? service.build !== undefined)
    .map(([name]) => name);
}

function invalid(error: ErrorObject | undefined): RewindError {
  const path = (error?.instancePath ?? '').split('/').slice(1);
  if (error?.keyword === 'additionalProperties') {
    const key = (error.params as { additionalProperty: string }).additionalProperty;
    return configProblem([...path, key].join('.'), 'is not a known key', nearest(key, knownKeys(path)));
  }
  return configProblem(path.join('.'), error?.message ?? 'is not valid');
}

/** The keys that the schema allows at a place. */
function knownKeys(path: readonly string[]): string[] {
  interface Node {
    properties?: Record<string, Node>;
    additionalProperties?: Node | boolean;
  }
  let node: Node | undefined = schema as Node;
  for (const key of path) {
    const further: Node | boolean | undefined = node?.properties?.[key] ?? node?.additionalProperties;
    node = typeof further === 'object' ? further : undefined;
  }
  return Object.keys(node?.properties ?? {});
}

function configProblem(path: string, problem: string, near?: string): RewindError {
  return new RewindError('INVALID_CONFIG', `x-rewind${path === '' ? '' : `.${path}`} ${problem}`, {
    exit: 'usage',
    hint: near === undefined ? 'Its keys are in docs/x-rewind.schema.json' : `Did you mean ${near}?`,
  });
}
