import { ORDERS, REST, ROUTINES } from './schema-parts.ts';

/** A schema that uses what a dump of MySQL can lose, with rows that it can garble. */
export const EVERYTHING = String.raw`
SET NAMES utf8mb4;
SET sql_mode = '';
CREATE TABLE customers (
  id INT AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(100) NOT NULL DEFAULT 'a\nb''c',
  mail VARCHAR(100) CHARACTER SET latin1 COLLATE latin1_german1_ci,
  nick VARCHAR(30) COLLATE utf8mb4_0900_ai_ci DEFAULT (CONCAT('n', 1 + 1)),
  grade ENUM('low', 'it''s', 'high') DEFAULT 'low',
  tags SET('a', 'b', 'c'),
  data JSON,
  bits BIT(5),
  raw BLOB,
  fixed BINARY(4),
  place POINT NOT NULL DEFAULT (POINT(0, 0)) SRID 0,
  born DATE,
  seen TIMESTAMP(6) NULL,
  price DECIMAL(30, 10),
  ratio DOUBLE,
  shout VARCHAR(120) AS (UPPER(name)) STORED,
  short VARCHAR(3) AS (CONCAT('x\ny', LEFT(mail, 0))) VIRTUAL,
  secret INT DEFAULT 7 INVISIBLE,
  CONSTRAINT positive CHECK (price IS NULL OR price >= 0),
  CONSTRAINT resting CHECK (ratio < 0) NOT ENFORCED,
  UNIQUE KEY by_mail (mail),
  KEY by_prefix (name(5) DESC),
  KEY unseen (born) INVISIBLE,
  KEY by_length ((CHAR_LENGTH(name))),
  KEY by_number ((CAST(data->'$.list' AS UNSIGNED ARRAY))),
  SPATIAL KEY (place),
  FULLTEXT KEY words (name) WITH PARSER ngram
) COMMENT = 'people; -- Current Database: ' ROW_FORMAT = DYNAMIC;
INSERT INTO customers (name, mail, grade, tags, data, bits, raw, fixed, place, born, seen, price, ratio)
SELECT CONCAT('person ', seq, '\n', CHAR(9), '\\ ''"(),;', _utf8mb4 0xF09F9880, REPEAT('ä', seq MOD 7)), CONCAT(seq, 'ü@example.org'),
  1 + seq MOD 3, seq MOD 8, JSON_OBJECT('n', seq, 's', '\n"(', 'list', JSON_ARRAY(seq, 7)), seq MOD 32, UNHEX(SHA2(seq, 256)), UNHEX(HEX(seq * 65537)),
  POINT(seq, -seq), '2000-02-29' + INTERVAL seq DAY, '2001-01-01 00:00:00.123456' + INTERVAL seq HOUR, seq / 7, RAND(seq)
FROM seq_1_to_2000;
INSERT INTO customers (id, name, born) VALUES (0, 'zero', '0000-00-00'), (5000, '(NULL)', NULL), (5001, 'it\'s (1),(2)', '1000-01-01');
UPDATE customers SET id = 0 WHERE name = 'zero';
UPDATE customers SET secret = id;
${ORDERS}CREATE TABLE old (id INT PRIMARY KEY, t TEXT, FULLTEXT KEY (t)) ENGINE = MyISAM;
INSERT INTO old SELECT seq, REPEAT('MyISAM ', seq) FROM seq_1_to_50;
CREATE TABLE parts (id INT, at DATE, note VARCHAR(20)) PARTITION BY RANGE (YEAR(at)) SUBPARTITION BY HASH (id) SUBPARTITIONS 2 (
  PARTITION old VALUES LESS THAN (2000), PARTITION middle VALUES LESS THAN (2010), PARTITION latest VALUES LESS THAN MAXVALUE);
INSERT INTO parts SELECT seq, '1990-01-01' + INTERVAL seq * 10 DAY, CONCAT('n', seq) FROM seq_1_to_1000;
SET sql_generate_invisible_primary_key = ON;
CREATE TABLE numbered (x INT);
INSERT INTO numbered (x) VALUES (1), (2), (3);
DELETE FROM numbered WHERE x = 2;
SET sql_generate_invisible_primary_key = OFF;
CREATE TABLE ${'`ta``ble\'s (name), "ü"`'} (${'`co``l\'(,"`'} INT, ${'`sp ace`'} VARCHAR(10) DEFAULT '');
INSERT INTO ${'`ta``ble\'s (name), "ü"`'} VALUES (1, '('), (2, ')'), (3, '''');
CREATE TABLE empty_one (id INT);
CREATE TABLE packed (id INT, t TEXT) ROW_FORMAT = COMPRESSED KEY_BLOCK_SIZE = 8;
INSERT INTO packed SELECT seq, REPEAT('x', seq) FROM seq_1_to_100;
CREATE TABLE audit (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(100), at TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6));
${ROUTINES}${REST}`;

/** Users, roles and grants on everything that one can grant on. */
export const ACCOUNTS = String.raw`
CREATE ROLE keeper, 'head keeper'@'%';
CREATE USER clerk@'%' IDENTIFIED BY 'se''cret\\ word' WITH MAX_QUERIES_PER_HOUR 1000 FAILED_LOGIN_ATTEMPTS 3 PASSWORD_LOCK_TIME 2 COMMENT 'it''s; a clerk';
CREATE USER 'o''dd "user'@'10.%' IDENTIFIED BY 'x' REQUIRE SSL;
CREATE USER stranger@localhost IDENTIFIED BY 'y' ACCOUNT LOCK;
GRANT SELECT, INSERT ON shop.* TO clerk@'%' WITH GRANT OPTION;
GRANT BACKUP_ADMIN, PROCESS ON *.* TO clerk@'%';
GRANT 'head keeper'@'%' TO keeper;
GRANT keeper TO clerk@'%' WITH ADMIN OPTION;
ALTER USER clerk@'%' DEFAULT ROLE keeper;
GRANT USAGE ON *.* TO stranger@localhost;
`;

/** What a bad release does. */
export const DAMAGE = String.raw`
SET sql_mode = '';
SET foreign_key_checks = 0;
DELETE FROM customers WHERE id MOD 2 = 0;
UPDATE orders SET parent = NULL;
DROP TABLE old, parts, numbered;
ALTER TABLE customers ADD COLUMN extra INT, DROP KEY words, ALTER INDEX unseen VISIBLE, DROP CHECK positive;
CREATE TABLE brand_new (id INT);
INSERT INTO brand_new VALUES (1);
CREATE TRIGGER bad BEFORE INSERT ON brand_new FOR EACH ROW SET NEW.id = 2;
DROP TRIGGER first_one;
DROP PROCEDURE report;
CREATE OR REPLACE FUNCTION twice(a INT) RETURNS INT DETERMINISTIC RETURN a * 3;
GRANT EXECUTE ON FUNCTION twice TO 'o''dd "user'@'10.%';
CREATE OR REPLACE VIEW buyers AS SELECT 1 AS one;
CREATE VIEW new_view AS SELECT 2 AS two;
DROP EVENT clean;
CREATE EVENT bad_event ON SCHEDULE EVERY 1 YEAR DO DELETE FROM customers;
ALTER DATABASE CHARACTER SET latin1 COLLATE latin1_swedish_ci;
`;
