import type { DatabaseProperties } from './catalog.ts';
import { identifier, literal } from './sql.ts';

/** Settings whose values are lists: each item is quoted on its own (variable_is_guc_list_quote in PostgreSQL). */
const LISTS: ReadonlySet<string> = new Set([
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
  'unix_socket_directories',
]);

/** What a server can have of a dump's properties. */
export interface Available {
  major: number;
  roles: ReadonlySet<string>;
  tablespaces: ReadonlySet<string>;
}

/** Makes an empty database with the owner, encoding and locale of the dump. */
export function createDatabase(name: string, properties: DatabaseProperties, available: Available): string {
  const { owner, encoding, collate, ctype, provider, locale, icuRules, tablespace } = properties;
  const clauses = ['template template0', `encoding ${literal(encoding)}`];
  if (available.roles.has(owner)) clauses.push(`owner ${identifier(owner)}`);
  clauses.push(`lc_collate ${literal(collate)}`, `lc_ctype ${literal(ctype)}`);
  if (provider === 'i' && available.major >= 15 && locale !== null) {
    clauses.push('locale_provider icu', `icu_locale ${literal(locale)}`);
    if (icuRules !== null && available.major >= 16) clauses.push(`icu_rules ${literal(icuRules)}`);
  } else if (provider === 'b' && available.major >= 17 && locale !== null) {
    clauses.push('locale_provider builtin', `builtin_locale ${literal(locale)}`);
  } else if (available.major >= 15) clauses.push('locale_provider libc');
  if (available.tablespaces.has(tablespace)) clauses.push(`tablespace ${identifier(tablespace)}`);
  return `create database ${identifier(name)} with ${clauses.join(' ')};`;
}

/** Gives a database what else belongs to it: settings, grants, comment, connection limit. */
export function applyProperties(name: string, properties: DatabaseProperties, available: Available): string {
  const database = identifier(name);
  const statements = [`alter database ${database} connection limit ${Number(properties.connectionLimit)};`];
  if (properties.comment !== null)
    statements.push(`comment on database ${database} is ${literal(properties.comment)};`);
  for (const { role, settings } of properties.settings) {
    if (role !== null && !available.roles.has(role)) continue;
    const target =
      role === null ? `database ${database}` : `role ${identifier(role)} in database ${database}`;
    for (const setting of settings) statements.push(`alter ${target} set ${assignment(setting)};`);
  }
  if (properties.acl !== null) {
    statements.push(`revoke all on database ${database} from public;`);
    if (available.roles.has(properties.owner))
      statements.push(`revoke all on database ${database} from ${identifier(properties.owner)};`);
    for (const { grantee, privilege, grantable } of properties.acl) {
      if ((grantee !== null && !available.roles.has(grantee)) || !PRIVILEGES.has(privilege)) continue;
      const to = grantee === null ? 'public' : identifier(grantee);
      statements.push(
        `grant ${privilege} on database ${database} to ${to}${grantable ? ' with grant option' : ''};`,
      );
    }
  }
  return statements.join('\n');
}

const PRIVILEGES: ReadonlySet<string> = new Set(['CREATE', 'TEMPORARY', 'CONNECT']);

/** `name=value` as the catalog has it. */
function assignment(setting: string): string {
  const at = setting.indexOf('=');
  const [name, value] = [setting.slice(0, at), setting.slice(at + 1)];
  const values = LISTS.has(name.toLowerCase()) ? listItems(value) : [value];
  const target = name.split('.').map(identifier).join('.');
  return `${target} to ${values.length === 0 ? "''" : values.map(literal).join(', ')}`;
}

/** `"$user", public` → `$user`, `public`. */
export function listItems(value: string): string[] {
  return [...value.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^",\s][^",]*))\s*(?:,|$)/g)].map(
    ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? (bare ?? '').trim(),
  );
}
