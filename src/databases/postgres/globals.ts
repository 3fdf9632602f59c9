/** The statements of a dump of globals that a server lacks. */
export interface MissingGlobals {
  /** Roles that are not there, in the order of the dump. */
  roles: string[];
  /** SQL: makes these roles, and gives and takes the memberships that concern them. */
  statements: string[];
}

type Token = { kind: 'word' | 'name' | 'other'; text: string };

/**
 * What of `pg_dumpall --globals-only` has to be run where the roles `present` are there already: those keep their
 * passwords, settings and memberships. Only statements about roles are ever taken: never a tablespace, which is a directory
 * of another host, and never anything else that a file might hold.
 */
export function missingGlobals(dump: string, present: ReadonlySet<string>): MissingGlobals {
  const roles: string[] = [];
  const statements: string[] = [];
  for (const statement of splitStatements(dump)) {
    const tokens = tokensOf(statement);
    const is = (...words: string[]): boolean =>
      words.every((word, index) => tokens[index]?.kind === 'word' && upper(tokens[index]) === word);
    if (is('CREATE', 'ROLE')) {
      const role = nameAt(tokens, 2);
      if (role === undefined || present.has(role)) continue;
      roles.push(role);
      statements.push(statement);
    } else if (is('ALTER', 'ROLE')) {
      // Settings of a role in one database come with that database.
      const inDatabase = tokens.some(
        (token, index) => index > 2 && token.kind === 'word' && upper(token) === 'IN',
      );
      if (!inDatabase && roles.includes(nameAt(tokens, 2) ?? '')) statements.push(statement);
    } else if (is('COMMENT', 'ON', 'ROLE')) {
      if (roles.includes(nameAt(tokens, 3) ?? '')) statements.push(statement);
    } else if (is('GRANT')) {
      const to = tokens.findIndex((token) => token.kind === 'word' && upper(token) === 'TO');
      const [granted, member] = [nameAt(tokens, 1), nameAt(tokens, to + 1)];
      if (to !== 2 || granted === undefined || member === undefined) continue;
      const known = (role: string): boolean => present.has(role) || roles.includes(role);
      if (!roles.includes(granted) && !roles.includes(member)) continue;
      if (known(granted) && known(member)) statements.push(withKnownGrantor(statement, tokens, known));
    }
  }
  return { roles, statements };
}

/** A grantor that this server does not have cannot have granted: then we do. */
function withKnownGrantor(
  statement: string,
  tokens: readonly Token[],
  known: (role: string) => boolean,
): string {
  const by = tokens.findIndex(
    (token, index) => upper(token) === 'GRANTED' && upper(tokens[index + 1]) === 'BY',
  );
  const grantor = by < 0 ? undefined : nameAt(tokens, by + 2);
  if (grantor === undefined || known(grantor)) return statement;
  return statement.slice(0, statement.lastIndexOf('GRANTED')).trimEnd();
}

const upper = (token: Token | undefined): string => (token?.kind === 'word' ? token.text.toUpperCase() : '');

function nameAt(tokens: readonly Token[], at: number): string | undefined {
  const token = tokens[at];
  if (token?.kind === 'name') return token.text;
  return token?.kind === 'word' ? token.text.toLowerCase() : undefined;
}

/** Cut at semicolons outside of quotes; without comments and psql's own commands (`\restrict`). */
function splitStatements(text: string): string[] {
  const statements: string[] = [];
  let statement = '';
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at, at + 2);
    const lineStart = statement.trim() === '';
    if (rest === '--' || (rest[0] === '\\' && lineStart)) {
      const end = text.indexOf('\n', at);
      at = end < 0 ? text.length : end;
      continue;
    }
    const quoted = quotedAt(text, at);
    if (quoted !== undefined) {
      statement += quoted;
      at += quoted.length;
      continue;
    }
    if (text[at] === ';') {
      if (statement.trim() !== '') statements.push(statement.trim());
      statement = '';
    } else statement += text[at];
    at += 1;
  }
  return statements;
}

/** The quoted piece that begins here, with its quotes. */
function quotedAt(text: string, at: number): string | undefined {
  const escapes = /^[eE]'/.test(text.slice(at, at + 2)) && !/[\w$]/.test(text[at - 1] ?? ' ');
  const open = escapes ? at + 1 : at;
  const quote = text[open];
  if (quote !== "'" && quote !== '"') return undefined;
  for (let end = open + 1; end < text.length; end++) {
    if (escapes && text[end] === '\\') end += 1;
    else if (text[end] === quote && text[end + 1] === quote) end += 1;
    else if (text[end] === quote) return text.slice(at, end + 1);
  }
  return text.slice(at);
}

function tokensOf(statement: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < statement.length;) {
    const quoted = quotedAt(statement, at);
    if (quoted !== undefined) {
      tokens.push(
        quoted.startsWith('"')
          ? { kind: 'name', text: quoted.slice(1, -1).replaceAll('""', '"') }
          : { kind: 'other', text: quoted },
      );
      at += quoted.length;
      continue;
    }
    const word = /^[\p{L}_][\p{L}\p{N}_$]*/u.exec(statement.slice(at, at + 300))?.[0];
    if (word !== undefined) tokens.push({ kind: 'word', text: word });
    else if (!/\s/.test(statement[at] ?? ' ')) tokens.push({ kind: 'other', text: statement[at] ?? '' });
    at += word?.length ?? 1;
  }
  return tokens;
}
