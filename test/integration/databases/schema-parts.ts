/** Orders of customers, each with a parent. */
export const ORDERS = String.raw`CREATE TABLE orders (
  id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
  customer INT, parent BIGINT UNSIGNED,
  CONSTRAINT buyer FOREIGN KEY (customer) REFERENCES customers (id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT tree FOREIGN KEY (parent) REFERENCES orders (id)
) AUTO_INCREMENT = 18446744073709540000;
INSERT INTO orders (customer) SELECT id FROM customers WHERE id BETWEEN 1 AND 500;
UPDATE orders SET parent = 18446744073709540000;
`;

/** Functions, procedures, triggers and events, with texts that look like those of a dump. */
export const ROUTINES = String.raw`DELIMITER ;;
CREATE FUNCTION twice(a INT) RETURNS INT DETERMINISTIC RETURN a * 2;;
CREATE PROCEDURE report(IN n INT, OUT total INT) MODIFIES SQL DATA SQL SECURITY INVOKER COMMENT 'it''s -- a report'
BEGIN
  -- these lines belong to a text of ours, and to no dump:
  /*
--
-- Current Database: ${'`other`'}
--
USE ${'`other`'};
-- Dump completed on 2020-01-01  0:00:00
  */
  DECLARE s VARCHAR(20) DEFAULT 'DELIMITER ; \\';
  SELECT COUNT(*) INTO total FROM orders WHERE id > n;
END;;
CREATE TRIGGER first_one BEFORE INSERT ON orders FOR EACH ROW
BEGIN
  IF NEW.customer IS NULL THEN SET NEW.customer = 1; END IF;
END;;
CREATE TRIGGER zz_log AFTER INSERT ON orders FOR EACH ROW INSERT INTO audit (what) VALUES (CONCAT('order;', NEW.id));;
CREATE TRIGGER aa_log AFTER INSERT ON orders FOR EACH ROW FOLLOWS zz_log INSERT INTO audit (what) VALUES ('after');;
CREATE EVENT clean ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 00:00:00' ON COMPLETION PRESERVE COMMENT 'nightly' DO DELETE FROM audit WHERE at < NOW() - INTERVAL 1 YEAR;;
CREATE EVENT resting ON SCHEDULE EVERY 1 HOUR DISABLE DO BEGIN DELETE FROM audit; SELECT ';;'; END;;
DELIMITER ;
`;

/** Programs of other SQL modes and character sets, and views. */
export const REST = String.raw`SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES';
CREATE PROCEDURE ansi() SELECT 'back\slash', "id" FROM "orders";
SET sql_mode = '';
SET NAMES latin1;
CREATE PROCEDURE westward() SELECT 'grün';
SET NAMES utf8mb4;
CREATE VIEW buyers AS SELECT c.id, c.name, COUNT(*) AS orders FROM customers c JOIN orders o ON o.customer = c.id GROUP BY c.id, c.name;
CREATE VIEW zz_last AS SELECT id FROM customers WHERE id > 10;
CREATE ALGORITHM = MERGE DEFINER = 'clerk'@'%' SQL SECURITY INVOKER VIEW a_first AS SELECT id, twice(id) AS two FROM zz_last WITH CASCADED CHECK OPTION;
`;
