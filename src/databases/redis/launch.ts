/** Where a secret is: its own text, or in the container's environment or files. */
export interface Secret {
  kind: 'literal' | 'env' | 'file' | 'none';
  /** The text, the variable's name, the path; empty for `none`. */
  value: string;
}

/** A user and password that may be right. */
export interface Credential {
  /** Undefined: the default user. */
  user?: string;
  secret: Secret;
}

/** What a server was told when it started, as far as it matters to reach it. */
export interface Launch {
  configFile?: string;
  settings: ReadonlyMap<string, Secret>;
}

const literal = (value: string): Secret => ({ kind: 'literal', value });
const SERVER = /(^|\/)(redis|valkey)-server$/;
const SHELL = /(^|\/)(sh|bash|ash|dash)$/;

/** Reads a container's command line: the server's own arguments, or a shell's text that starts the server. */
export function launchOf(words: readonly string[]): Launch {
  const shell = words.findIndex((word, index) => SHELL.test(word) && /^-\w*c$/.test(words[index + 1] ?? ''));
  const text = shell < 0 ? undefined : words[shell + 2];
  return serverArguments(text === undefined ? words.map(literal) : shellWords(text));
}

function serverArguments(words: readonly Secret[]): Launch {
  const server = words.findIndex((word) => word.kind === 'literal' && SERVER.test(word.value));
  const rest = words.slice(server + 1);
  const settings = new Map<string, Secret>();
  let configFile: string | undefined;
  for (const [index, word] of rest.entries()) {
    const option = word.kind === 'literal' && word.value.startsWith('--') ? word.value.slice(2) : undefined;
    const value = rest[index + 1];
    if (option !== undefined && value !== undefined) settings.set(option.toLowerCase(), value);
    else if (index === 0 && word.kind === 'literal' && server >= 0 && option === undefined)
      configFile = word.value;
  }
  return { settings, ...(configFile === undefined || configFile === '-' ? {} : { configFile }) };
}

/** The words of a shell command, as far as they are plain text, one variable, or one file's content. */
function shellWords(text: string): Secret[] {
  const pattern = /(?:"(?:\$\([^)]*\)|[^"])*"|'[^']*'|\$\([^)]*\)|[^\s"'])+|\n/g;
  return [...text.matchAll(pattern)].map(([word]) => shellWord(word));
}

function shellWord(word: string): Secret {
  const bare = /^"([^]*)"$/.exec(word)?.[1] ?? word;
  const variable = /^\$(?:(\w+)|\{(\w+)\})$/.exec(bare);
  if (variable !== null) return { kind: 'env', value: variable[1] ?? variable[2] ?? '' };
  const file = /^\$\((?:cat\s+|<\s*)([^\s)]+)\s*\)$/.exec(bare)?.[1];
  if (file !== undefined) return { kind: 'file', value: file.replace(/^(["'])(.*)\1$/, '$2') };
  return literal(word.replace(/^(["'])([^]*)\1$/, '$2'));
}

/** The settings of a configuration file, and the password that it gives the default user. */
export function settingsOfFile(text: string): Map<string, Secret> {
  const settings = new Map<string, Secret>();
  for (const line of text.split('\n')) {
    const [, name, rest] = /^\s*([A-Za-z][\w-]*)\s+(.*?)\s*$/.exec(line) ?? [];
    if (name === undefined || rest === undefined) continue;
    const password =
      name.toLowerCase() === 'user' ? /^default\s.*?(?:^|\s)>(\S+)/.exec(rest)?.[1] : undefined;
    if (password !== undefined) settings.set('requirepass', literal(password));
    else settings.set(name.toLowerCase(), literal(rest.replace(/^(["'])(.*)\1$/, '$2')));
  }
  return settings;
}

/**
 * Users and passwords to try, in order: what the server was told itself, what the environment says, and none.
 * `environment`: the names of the container's variables.
 */
export function credentialsOf(
  settings: ReadonlyMap<string, Secret>,
  environment: ReadonlyMap<string, string>,
): Credential[] {
  const user = ['REDIS_USERNAME', 'REDIS_USER', 'VALKEY_USERNAME', 'VALKEY_USER']
    .map((name) => environment.get(name))
    .find((value) => value !== undefined && value !== '');
  const secrets = ['REDIS_PASSWORD', 'VALKEY_PASSWORD', 'REDISCLI_AUTH', 'VALKEYCLI_AUTH'].flatMap(
    (name): Secret[] => [
      ...(environment.has(`${name}_FILE`)
        ? [{ kind: 'file' as const, value: environment.get(`${name}_FILE`) ?? '' }]
        : []),
      ...(environment.has(name) ? [{ kind: 'env' as const, value: name }] : []),
    ],
  );
  const own = settings.get('requirepass');
  return [
    ...(user === undefined ? [] : secrets.map((secret) => ({ user, secret }))),
    ...(own === undefined || own.value === '' ? [] : [{ secret: own }]),
    { secret: { kind: 'none' as const, value: '' } },
    ...secrets.map((secret) => ({ secret })),
  ];
}

/** Options of the client that lead to the server. Undefined where it listens to TLS alone. */
export function addressOf(
  settings: ReadonlyMap<string, Secret>,
  environment: ReadonlyMap<string, string>,
): string[] | undefined {
  const said = (name: string): string | undefined => {
    const setting = settings.get(name);
    return setting?.kind === 'env' ? environment.get(setting.value) : setting?.value;
  };
  const variable = ['REDIS_PORT_NUMBER', 'VALKEY_PORT_NUMBER']
    .map((name) => environment.get(name))
    .find((value) => value !== undefined);
  const port = said('port') ?? variable ?? '6379';
  const socket = said('unixsocket');
  if (port === '0') return socket === undefined ? undefined : ['-s', socket];
  const bound = (said('bind') ?? '').split(/\s+/).filter((address) => address !== '');
  const loopback =
    bound.length === 0 || bound.some((address) => /^-?(127\.|\*|0\.0\.0\.0|localhost)/.test(address));
  return ['-h', loopback ? '127.0.0.1' : (bound[0] ?? '').replace(/^-/, ''), '-p', port];
}
