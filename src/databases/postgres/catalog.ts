import { literal } from './sql.ts';

/** What belongs to a database besides what is in it; as PostgreSQL's catalog has it. */
export interface DatabaseProperties {
  owner: string;
  encoding: string;
  collate: string;
  ctype: string;
  /** `c` of the C library, `i` ICU, `b` built in. */
  provider: string;
  locale: string | null;
  icuRules: string | null;
  tablespace: string;
  connectionLimit: number;
  comment: string | null;
  /** Null: the default. */
  acl: { grantee: string | null; privilege: string; grantable: boolean }[] | null;
  /** `ALTER DATABASE … SET` (role null) and `ALTER ROLE … IN DATABASE … SET`: `name=value`. */
  settings: { role: string | null; settings: string[] }[];
}

/** How many objects there are of each kind, those of extensions left out. */
export type ObjectCensus = Record<string, number>;

/** What is asked of a database in the dump's snapshot. */
export interface DatabaseFacts {
  /** ISO 8601 */
  at: string;
  bytes: number;
  version: string;
  properties: DatabaseProperties;
  objects: ObjectCensus;
  tablespaces: string[];
  extensions: string[];
  /** Ordinary tables in the order of their names. */
  tables: { schema: string; name: string }[];
}

/** Server version, data directory, and the users' databases with their bytes. */
export const SERVER_FACTS = `
select jsonb_build_object(
  'version', split_part(current_setting('server_version'), ' ', 1),
  'directory', case when pg_has_role('pg_read_all_settings', 'usage') then current_setting('data_directory') end,
  'walBytes', pg_size_bytes(current_setting('max_wal_size')),
  'databases', (
    select coalesce(jsonb_agg(jsonb_build_object('name', datname, 'bytes', pg_database_size(oid)) order by datname), '[]')
    from pg_database where datallowconn and not datistemplate and has_database_privilege(oid, 'connect')),
  'hidden', (
    select coalesce(jsonb_agg(datname order by datname), '[]')
    from pg_database where datallowconn and not datistemplate and not has_database_privilege(oid, 'connect')))`;

/** Whether anybody made something in this database: what initdb makes has lower numbers. */
export const IS_USED = `
select to_jsonb(
  exists (select from pg_class where oid >= 16384) or exists (select from pg_proc where oid >= 16384)
  or exists (select from pg_namespace where oid >= 16384) or exists (select from pg_type where oid >= 16384)
  or exists (select from pg_extension where oid >= 16384) or exists (select from pg_largeobject_metadata)
  or exists (select from pg_event_trigger) or exists (select from pg_foreign_data_wrapper))`;

const ours = (catalog: string, alias: string): string =>
  `not exists (select from pg_depend d where d.classid = ${literal(catalog)}::regclass and d.objid = ${alias}.oid and d.deptype = 'e')`;

const USERS = `n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'`;

/** Objects of one kind in the users' schemas. */
const count = (kind: string, catalog: string, namespace: string | undefined, condition = 'true'): string => `
  select ${literal(kind)} as kind, count(*) as n from ${catalog} o
  ${namespace === undefined ? '' : `join pg_namespace n on n.oid = o.${namespace}`}
  where ${ours(catalog, 'o')} and ${condition} ${namespace === undefined ? '' : `and ${USERS}`}`;

/** What the dump and what was loaded from it are compared by. */
export const CENSUS = `
(select jsonb_object_agg(kind, n) from (${[
  count('tables', 'pg_class', 'relnamespace', "o.relkind in ('r', 'p', 'f')"),
  count('views', 'pg_class', 'relnamespace', "o.relkind = 'v'"),
  count('materialized views', 'pg_class', 'relnamespace', "o.relkind = 'm'"),
  count('indexes', 'pg_class', 'relnamespace', "o.relkind in ('i', 'I')"),
  count('sequences', 'pg_class', 'relnamespace', "o.relkind = 'S'"),
  count('functions', 'pg_proc', 'pronamespace'),
  count('triggers', 'pg_trigger', undefined, 'not o.tgisinternal and o.tgparentid = 0'),
  count('constraints', 'pg_constraint', 'connamespace', "o.contype in ('p', 'u', 'f', 'c', 'x')"),
  count('policies', 'pg_policy', undefined),
  count('types', 'pg_type', 'typnamespace', "o.typtype in ('e', 'd', 'r')"),
  count('extensions', 'pg_extension', undefined),
  count('event triggers', 'pg_event_trigger', undefined),
  count('large objects', 'pg_largeobject_metadata', undefined),
].join(' union all ')}) census)`;

/** Of `pg_class o` in `pg_namespace n`: one of the users' ordinary tables. */
export const USERS_TABLE = `o.relkind = 'r' and ${ours('pg_class', 'o')} and ${USERS}`;

/** The users' ordinary tables. */
export const TABLES = `
(select coalesce(jsonb_agg(jsonb_build_object('schema', n.nspname, 'name', o.relname) order by n.nspname, o.relname), '[]')
 from pg_class o join pg_namespace n on n.oid = o.relnamespace
 where ${USERS_TABLE})`;

const properties = (major: number): string => `
(select jsonb_build_object(
  'owner', pg_get_userbyid(datdba), 'encoding', pg_encoding_to_char(encoding), 'collate', datcollate,
  'ctype', datctype, 'provider', ${major >= 15 ? 'datlocprovider' : "'c'"},
  'locale', ${major >= 17 ? 'datlocale' : major >= 15 ? 'daticulocale' : 'null::text'},
  'icuRules', ${major >= 16 ? 'daticurules' : 'null::text'},
  'tablespace', (select spcname from pg_tablespace t where t.oid = dattablespace),
  'connectionLimit', datconnlimit, 'comment', shobj_description(db.oid, 'pg_database'),
  'acl', (select jsonb_agg(jsonb_build_object(
      'grantee', case when a.grantee = 0 then null else pg_get_userbyid(a.grantee) end,
      'privilege', a.privilege_type, 'grantable', a.is_grantable))
    from aclexplode(datacl) a),
  'settings', (select coalesce(jsonb_agg(jsonb_build_object(
      'role', case when setrole = 0 then null else pg_get_userbyid(setrole) end, 'settings', setconfig)), '[]')
    from pg_db_role_setting where setdatabase = db.oid))
 from pg_database db where datname = current_database())`;

/** DatabaseFacts as one line. */
export const databaseFacts = (major: number): string =>
  `
select jsonb_build_object(
  'at', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  'bytes', pg_database_size(current_database()),
  'version', split_part(current_setting('server_version'), ' ', 1),
  'properties', ${properties(major)},
  'objects', ${CENSUS},
  'tablespaces', (select coalesce(jsonb_agg(distinct spcname), '[]') from pg_tablespace t
    where spcname not in ('pg_default', 'pg_global') and (exists (select from pg_class where reltablespace = t.oid)
      or exists (select from pg_database where datname = current_database() and dattablespace = t.oid))),
  'extensions', (select coalesce(jsonb_agg(extname order by extname), '[]') from pg_extension),
  'tables', ${TABLES})`.replaceAll(/\s*\n\s*/g, ' ');
