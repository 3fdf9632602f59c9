import { rows, type Access } from './client.ts';
import { qualified, quoted, text } from './names.ts';

/** Defaults of columns name their sequences with the database: gives those that name `from` the one of `to`. */
export async function defaultsOfSequences(
  access: Access,
  { database, from, to }: { database: string; from: string; to: string },
): Promise<void> {
  const found = await rows(
    access,
    `SELECT TABLE_NAME, COLUMN_NAME, COLUMN_DEFAULT FROM information_schema.COLUMNS
WHERE TABLE_SCHEMA = ${text(database)} AND COLUMN_DEFAULT LIKE '%val(%' AND LOCATE(${text(`${quoted(from)}.`)}, COLUMN_DEFAULT) > 0;`,
    `reading the defaults of ${database}`,
  );
  const statements = found.map(
    ([table = '', column = '', value = '']) =>
      `ALTER TABLE ${qualified(database, table)} ALTER COLUMN ${quoted(column)} SET DEFAULT (${value.replaceAll(`${quoted(from)}.`, `${quoted(to)}.`)});`,
  );
  await rows(access, statements.join('\n'), `setting the defaults of ${database}`);
}
