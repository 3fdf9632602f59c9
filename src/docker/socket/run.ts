import type { Argv } from '../runner.ts';
import { pairs, readFlags } from './flags.ts';

/** A container to be made and started, as the engine is told. */
export interface RunRequest {
  name: string;
  body: object;
}

const SWITCHES = ['--rm', '--interactive', '--read-only'];
const VALUED = [
  '--name', '--label', '--network', '--log-driver', '--tmpfs', '--cap-drop', '--cap-add', '--security-opt', '--user',
  '--workdir', '--entrypoint', '--pull', '--mount',
]; // prettier-ignore

/**
 * `docker run` of a container that goes with its standard input, with the flags that are used here; undefined for every other
 * command line.
 */
export function runRequest(argv: Argv): RunRequest | undefined {
  const [, verb, ...rest] = argv;
  if (verb !== 'run') return undefined;
  const flags = readFlags(rest, SWITCHES, VALUED, true);
  if (flags === undefined || !['--rm', '--interactive'].every((name) => flags.switches.has(name)))
    return undefined;
  const all = (name: string): readonly string[] => flags.values.get(name) ?? [];
  const last = (name: string): string => all(name).at(-1) ?? '';
  const [image, ...command] = flags.words;
  const name = last('--name');
  // Whatever would have to be pulled first is docker's to get.
  if (image === undefined || !/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name) || last('--pull') !== 'never')
    return undefined;
  const body = {
    Image: image,
    Cmd: command,
    Entrypoint: all('--entrypoint'),
    User: last('--user'),
    WorkingDir: last('--workdir'),
    Labels: pairs(all('--label')),
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: true,
    // Its input ends with our connection, however that ends.
    StdinOnce: true,
    HostConfig: {
      AutoRemove: true,
      NetworkMode: last('--network'),
      LogConfig: { Type: last('--log-driver') },
      ReadonlyRootfs: flags.switches.has('--read-only'),
      Tmpfs: Object.fromEntries(all('--tmpfs').map((path) => [path, ''])),
      CapDrop: all('--cap-drop'),
      CapAdd: all('--cap-add').map((capability) => `CAP_${capability}`),
      SecurityOpt: all('--security-opt'),
      Mounts: all('--mount').map((mount) => mountOf(pairs(fieldsOf(mount)))),
    },
  };
  return { name, body };
}

function mountOf({ type, source, target, readonly }: Record<string, string>): object {
  return { Type: type, Source: source, Target: target, ReadOnly: readonly === 'true' };
}

/** The fields of a line of CSV (RFC 4180), as docker reads `--mount`. */
function fieldsOf(line: string): string[] {
  return [...line.matchAll(/(?<=^|,)(?:"((?:[^"]|"")*)"|([^,]*))(?=,|$)/g)].map(
    ([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain,
  );
}
