import { rows, type Access } from './client.ts';
import { qualified, quoted, text } from './names.ts';

/**
 * The events of a database, as the dump tool would write them. That one looks for another database than the one meant where
 * the name has quotes in it, and one of 10.11 never ends when an event holds `;;`.
 */
export async function dumpEvents(access: Access, database: string): Promise<Buffer> {
  const doing = `dumping events of ${database}`;
  const names = await rows(
    access,
    `SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ${text(database)} ORDER BY EVENT_NAME;`,
    doing,
  );
  if (names.length === 0) return Buffer.alloc(0);
  const found = await rows(
    access,
    names.map(([name = '']) => `SHOW CREATE EVENT ${qualified(database, name)};`).join('\n'),
    doing,
  );
  const statements = found.map(
    ([name = '', mode = '', zone = '', statement = '', charset = '', collation = '']) => {
      // What we read was converted for us; a text of plain letters is the same in its own character set.
      const plain = [...statement].every((character) => character <= '\x7f');
      let delimiter = ';;';
      while (statement.includes(delimiter)) delimiter += ';';
      return `DROP EVENT IF EXISTS ${quoted(name)};
SET character_set_client = ${plain ? charset : 'utf8mb4'};
SET collation_connection = ${plain ? collation : 'utf8mb4_general_ci'};
SET sql_mode = '${mode}';
SET time_zone = '${zone}';
DELIMITER ${delimiter}
${statement} ${delimiter}
DELIMITER ;
`;
    },
  );
  return Buffer.from(`--
-- Events
--
SET NAMES utf8mb4;
SET @saved_sql_mode = @@sql_mode, @saved_time_zone = @@time_zone;
${statements.join('')}SET sql_mode = @saved_sql_mode, time_zone = @saved_time_zone;
SET NAMES utf8mb4;

-- Dump completed
`);
}
