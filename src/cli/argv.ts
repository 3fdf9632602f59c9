/** The command line, sorted: what is docker's, what was said before the verb, and the rest. */
export interface CommandLine {
  kind: 'run' | 'help' | 'version' | 'complete';
  /** Docker's own flags, one word per flag or value, as they go in front of every docker call. */
  globals: string[];
  /** Docker's `-D`, which asks us for more details too. */
  debug: boolean;
  /** Our flags (Compose's, mostly) that stood before the verb; they belong behind it. */
  leading: string[];
  /** The verb and everything after it. For `complete` the last one is the word being typed. */
  words: string[];
}

// docker's global flags (docker --help) and, of ours, those that may stand before the verb as with docker compose.
const DOCKER_VALUES = [
  '--config',
  '--context',
  '--host',
  '--log-level',
  '--tlscacert',
  '--tlscert',
  '--tlskey',
];
const DOCKER_SWITCHES = ['--debug', '--tls', '--tlsverify'];
const DOCKER_SHORT: Record<string, string> = { c: '--context', D: '--debug', H: '--host', l: '--log-level' };
const OUR_VALUES = [
  '--file',
  '--project-name',
  '--project-directory',
  '--profile',
  '--env-file',
  '--progress',
  '--ansi',
];
const OUR_SHORT: Record<string, string> = { f: '--file', p: '--project-name', h: '--help', v: '--version' };

type Owner = 'docker' | 'ours';

/**
 * Reads the words after the program's name. Docker hands its plugin the whole original line
 * (`--context x rewind rollback`, `help rewind`, `__complete rewind …`); typed directly, the name is missing.
 */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const line: CommandLine = { kind: 'run', globals: [], debug: false, leading: [], words: [] };
  const rest = [...argv];
  if (rest[0] === '__complete' || rest[0] === '__completeNoDesc') {
    line.kind = 'complete';
    rest.shift();
  }
  let named = false;
  while (rest.length > 0) {
    const word = rest[0] as string;
    // The last word of a completion is being typed: it is no flag yet.
    if (line.kind === 'complete' && rest.length === 1) break;
    if (word === 'rewind' && !named) named = true;
    else if (word === 'help' && line.kind !== 'complete') line.kind = 'help';
    else if (word.startsWith('-') && word !== '-' && word !== '--') takeFlag(line, word, rest);
    else break;
    rest.shift();
  }
  line.words = rest;
  return line;
}

/** Sorts one flag that stands before the verb; takes its value from `rest`, whose first word is the flag itself. */
function takeFlag(line: CommandLine, word: string, rest: string[]): void {
  const equals = word.indexOf('=');
  const name = equals < 0 ? word : word.slice(0, equals);
  if (word.startsWith('--')) {
    const value = equals < 0 ? undefined : word.slice(equals + 1);
    put(line, name, value, rest);
    return;
  }
  // A cluster of short flags, the last of which may take the remaining characters as its value: -Dcfoo, -fx.yml.
  for (let i = 1; i < word.length; i++) {
    const letter = word[i] as string;
    const long = DOCKER_SHORT[letter] ?? OUR_SHORT[letter];
    if (long === undefined) {
      line.leading.push(`-${word.slice(i)}`);
      return;
    }
    const attached = word.slice(i + 1).replace(/^=/, '');
    const takesValue = DOCKER_VALUES.includes(long) || OUR_VALUES.includes(long);
    put(line, long, takesValue && attached !== '' ? attached : undefined, rest);
    if (takesValue) return;
  }
}

function put(line: CommandLine, name: string, value: string | undefined, rest: string[]): void {
  const owner: Owner = DOCKER_VALUES.includes(name) || DOCKER_SWITCHES.includes(name) ? 'docker' : 'ours';
  const target = owner === 'docker' ? line.globals : line.leading;
  if (DOCKER_VALUES.includes(name) || OUR_VALUES.includes(name)) {
    const taken = value ?? (rest.length > 1 ? rest.splice(1, 1)[0] : undefined);
    target.push(name, ...(taken === undefined ? [] : [taken]));
    return;
  }
  if (name === '--help' && line.kind === 'run') line.kind = 'help';
  else if (name === '--version' && line.kind === 'run') line.kind = 'version';
  else target.push(value === undefined ? name : `${name}=${value}`);
  if (name === '--debug' && value !== 'false') line.debug = true;
}

/** Whether these words after the verb ask for help. */
export function asksForHelp(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return (end < 0 ? words : words.slice(0, end)).some((word) => word === '--help' || word === '-h');
}

/**
 * The command that the words name, and the words left for it: `plugin install` is `plugin:install`.
 * `topic` alone where the words name only the beginning of commands.
 */
export function findCommandId(
  words: readonly string[],
  ids: readonly string[],
): { id?: string; topic?: string; rest: string[] } {
  const [first = '', second] = words;
  const nested = `${first}:${second}`;
  if (second !== undefined && ids.includes(nested)) return { id: nested, rest: words.slice(2) };
  if (ids.includes(first)) return { id: first, rest: words.slice(1) };
  if (ids.some((id) => id.startsWith(`${first}:`))) return { topic: first, rest: words.slice(1) };
  return { rest: [...words] };
}
