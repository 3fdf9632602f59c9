import { RewindError } from '../../errors.ts';
import type { LoadRequest, LoadTarget } from '../engine.ts';
import { rows, type Access } from './client.ts';
import { text } from './names.ts';

/** Throws DATABASE_EXISTS (exit 4) where a new database is asked for and there is one of that name. */
export async function requireFree(access: Access, { database, isNew }: LoadTarget): Promise<void> {
  if (!isNew || !(await exists(access, database))) return;
  throw new RewindError('DATABASE_EXISTS', `${access.server.service} has a database "${database}" by now`, {
    exit: 'refused',
    hint: 'Choose another name',
  });
}

export async function exists(access: Access, database: string): Promise<boolean> {
  const found = await rows(
    access,
    `SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ${text(database)};`,
    `looking for ${database}`,
  );
  return found.length > 0;
}

/**
 * A foreign key follows the table that it names when that is renamed: one in a database that stays would lead into the
 * replaced data. Throws FOREIGN_KEYS (exit 4).
 */
export async function refuseForeignKeys(access: Access, request: LoadRequest): Promise<void> {
  const replaced = request.targets.filter(({ isNew }) => !isNew).map(({ database }) => text(database));
  if (replaced.length === 0) return;
  const list = replaced.join(', ');
  const [found] = await rows(
    access,
    `SELECT TABLE_SCHEMA, TABLE_NAME, REFERENCED_TABLE_SCHEMA, REFERENCED_TABLE_NAME FROM information_schema.KEY_COLUMN_USAGE
WHERE REFERENCED_TABLE_SCHEMA IN (${list}) AND TABLE_SCHEMA NOT IN (${list}) LIMIT 1;`,
    'looking for foreign keys between databases',
  );
  if (found === undefined) return;
  const [schema = '', table = '', referenced = '', other = ''] = found;
  throw new RewindError(
    'FOREIGN_KEYS',
    `${access.server.service}: a foreign key of ${schema}.${table} leads to ${referenced}.${other}: ${referenced} cannot be replaced alone`,
    {
      exit: 'refused',
      hint: `Restore both: --only ${access.server.service}/${referenced} --only ${access.server.service}/${schema}`,
    },
  );
}
