import type { Argv } from './runner.ts';

/** A directory of the engine's host or a volume, seen in the helper under /volumes/<slug>. */
export interface HelperMount {
  /** Letters, digits, `.`, `_` and `-`; never `.` or `..`. */
  slug: string;
  kind: 'volume' | 'bind';
  /** The volume's name, or an absolute path. */
  source: string;
}

/** A short-lived container that reads or writes volumes for us. */
export interface HelperSpec {
  /** The container's name; unique to one execution. */
  name: string;
  mounts: readonly HelperMount[];
  /** Whether it may change what is mounted. */
  write: boolean;
  /** Whether it may make device nodes. */
  devices?: boolean;
}

/** Where a mount is inside the helper. */
export const insideHelper = (slug: string): string => `/volumes/${slug}`;

const EXCHANGE = '/exchange';

export const HELPER_LABEL = 'docker-rewind.helper';

// Reading everything needs one capability; putting everything back with owners and file capabilities needs these. What
// may be in the archive of a stranger cannot make a device without the last one.
const READ = ['DAC_READ_SEARCH'];
const WRITE = ['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'SETFCAP'];
const DEVICES = ['MKNOD'];

const capabilities = (spec: HelperSpec): string[] =>
  spec.write ? [...WRITE, ...(spec.devices === true ? DEVICES : [])] : READ;

/**
 * `exchange`: a directory of this host that it shares with us; null on an engine that does not see this host's files.
 * Runs `script`, whose positional parameters are `args` and where that directory is inside, as the container's first process,
 * with our end of a pipe as its standard input: when we die, however we die, the pipe closes, the script ends and the
 * engine removes the container.
 */
export function runHelperArgv(
  spec: HelperSpec,
  image: string,
  exchange: string | null,
  script: string,
  args: readonly string[],
): Argv {
  return [
    'docker', 'run', '--rm', '--interactive', '--name', spec.name,
    '--label', `${HELPER_LABEL}=${spec.name}`,
    '--network', 'none', '--log-driver', 'none', '--read-only', '--tmpfs', '/tmp',
    '--cap-drop', 'ALL', ...capabilities(spec).flatMap((name) => ['--cap-add', name]),
    '--security-opt', 'no-new-privileges', '--security-opt', 'label=disable',
    '--user', '0:0', '--workdir', '/', '--entrypoint', 'sh', '--pull', 'never',
    ...(exchange === null
      ? []
      : ['--mount', mountOption({ type: 'bind', source: exchange, target: EXCHANGE })]),
    ...spec.mounts.flatMap((mount) => [
      '--mount',
      mountOption({
        type: mount.kind,
        source: mount.source,
        target: insideHelper(mount.slug),
        ...(spec.write ? {} : { readonly: 'true' }),
      }),
    ]),
    image, '-c', script, 'rewind', ...args, ...(exchange === null ? [] : [EXCHANGE]),
  ]; // prettier-ignore
}

/** Runs a constant script in the helper; values are its positional parameters. */
export function execHelperArgv(name: string, script: string, args: readonly string[], input = false): Argv {
  return ['docker', 'exec', ...(input ? ['--interactive'] : []), name, 'sh', '-c', script, 'rewind', ...args];
}

export const removeContainerArgv = (name: string): Argv => ['docker', 'container', 'rm', '--force', name];

/** `--mount` reads CSV: a value with a comma or a quote has to be quoted, a path may hold either. */
export function mountOption(options: Readonly<Record<string, string>>): string {
  return Object.entries(options)
    .map(([key, value]) => `${key}=${value}`)
    .map((field) => (/[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field))
    .join(',');
}
