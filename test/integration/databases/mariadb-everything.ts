import { ORDERS, REST, ROUTINES } from './schema-parts.ts';

/** Names that get into statements, file names and dumps. */
export const ODD = 'we `ird\' "ünï- base';

/** A schema that uses what a dump can lose, with rows that a dump can garble. */
export const EVERYTHING = String.raw`
SET NAMES utf8mb4;
SET sql_mode = '';
CREATE TABLE customers (
  id INT AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(100) NOT NULL DEFAULT 'a\nb''c',
  mail VARCHAR(100) CHARACTER SET latin1 COLLATE latin1_german1_ci,
  grade ENUM('low', 'it''s', 'high') DEFAULT 'low',
  tags SET('a', 'b', 'c'),
  data JSON,
  bits BIT(5),
  raw BLOB,
  fixed BINARY(4),
  place POINT,
  born DATE,
  seen TIMESTAMP(6) NULL,
  price DECIMAL(30, 10),
  ratio DOUBLE,
  shout VARCHAR(120) AS (UPPER(name)) STORED,
  short VARCHAR(3) AS (CONCAT('x\ny', LEFT(mail, 0))) VIRTUAL,
  secret INT INVISIBLE DEFAULT 7,
  CONSTRAINT positive CHECK (price IS NULL OR price >= 0),
  UNIQUE KEY by_mail (mail),
  KEY by_prefix (name(5)),
  FULLTEXT KEY words (name)
) COMMENT = 'people; -- Current Database: ' ROW_FORMAT = DYNAMIC;
INSERT INTO customers (name, mail, grade, tags, data, bits, raw, fixed, place, born, seen, price, ratio)
SELECT CONCAT('person ', seq, '\n', CHAR(9), '\\ ''"(),;', _utf8mb4 0xF09F9880, REPEAT('ä', seq MOD 7)), CONCAT(seq, 'ü@example.org'),
  1 + seq MOD 3, seq MOD 8, JSON_OBJECT('n', seq, 's', '\n"('), seq MOD 32, UNHEX(MD5(seq)), UNHEX(HEX(seq * 65537)),
  POINT(seq, -seq), '2000-02-29' + INTERVAL seq DAY, '2001-01-01 00:00:00.123456' + INTERVAL seq HOUR, seq / 7, RAND(seq)
FROM seq_1_to_2000;
INSERT INTO customers (id, name, born) VALUES (0, 'zero', '0000-00-00'), (5000, '(NULL)', NULL), (5001, 'it\'s (1),(2)', '1000-01-01');
UPDATE customers SET id = 0 WHERE name = 'zero';
${ORDERS}CREATE TABLE old (id INT PRIMARY KEY, t TEXT, FULLTEXT KEY (t)) ENGINE = MyISAM;
INSERT INTO old SELECT seq, REPEAT('MyISAM ', seq) FROM seq_1_to_50;
CREATE TABLE safe (id INT PRIMARY KEY, v VARCHAR(20)) ENGINE = Aria;
INSERT INTO safe VALUES (1, 'Aria');
CREATE TABLE parts (id INT, at DATE, note VARCHAR(20)) PARTITION BY RANGE (YEAR(at)) (
  PARTITION old VALUES LESS THAN (2000), PARTITION middle VALUES LESS THAN (2010), PARTITION latest VALUES LESS THAN MAXVALUE);
INSERT INTO parts SELECT seq, '1990-01-01' + INTERVAL seq * 10 DAY, CONCAT('n', seq) FROM seq_1_to_1000;
CREATE SEQUENCE numbers START WITH 100 INCREMENT BY 10 MAXVALUE 100000 CACHE 5 CYCLE;
CREATE TABLE numbered (id BIGINT DEFAULT NEXTVAL(numbers), x INT);
INSERT INTO numbered (x) VALUES (1), (2), (3);
CREATE TABLE versions (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING;
INSERT INTO versions VALUES (1, 1), (2, 2);
UPDATE versions SET v = v + 10;
DELETE FROM versions WHERE id = 2;
CREATE TABLE ${'`ta``ble\'s (name), "ü"`'} (${'`co``l\'(,"`'} INT, ${'`sp ace`'} VARCHAR(10) DEFAULT '');
INSERT INTO ${'`ta``ble\'s (name), "ü"`'} VALUES (1, '('), (2, ')'), (3, '''');
CREATE TABLE empty_one (id INT);
CREATE TABLE audit (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(100), at TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6));
${ROUTINES}SET sql_mode = ORACLE;
DELIMITER ;;
CREATE PACKAGE tools AS FUNCTION one RETURN INT; END;;
CREATE PACKAGE BODY tools AS FUNCTION one RETURN INT AS BEGIN RETURN 1; END; END;;
DELIMITER ;
${REST}`;

/** Users, a role and grants on everything that one can grant on. */
export const ACCOUNTS = String.raw`
CREATE USER clerk@'%' IDENTIFIED BY 'se''cret\\ word' WITH MAX_QUERIES_PER_HOUR 1000;
CREATE USER 'o''dd "user'@'10.%' IDENTIFIED BY 'x' REQUIRE SSL;
CREATE USER stranger@localhost IDENTIFIED BY 'y';
CREATE ROLE keeper;
GRANT SELECT, INSERT ON shop.* TO clerk@'%' WITH GRANT OPTION;
GRANT keeper TO clerk@'%';
SET DEFAULT ROLE keeper FOR clerk@'%';
GRANT USAGE ON *.* TO stranger@localhost;
`;

/** Once the database is there. */
export const GRANTS = String.raw`
GRANT UPDATE (name) ON customers TO keeper;
GRANT SELECT ON buyers TO 'o''dd "user'@'10.%';
GRANT EXECUTE ON FUNCTION twice TO 'o''dd "user'@'10.%';
GRANT EXECUTE, ALTER ROUTINE ON PROCEDURE report TO clerk@'%' WITH GRANT OPTION;
`;

/** What a bad release does. */
export const DAMAGE = String.raw`
SET foreign_key_checks = 0;
DELETE FROM customers WHERE id MOD 2 = 0;
UPDATE orders SET parent = NULL;
DROP TABLE old, parts;
ALTER TABLE customers ADD COLUMN extra INT, DROP KEY words;
CREATE TABLE brand_new (id INT);
INSERT INTO brand_new VALUES (1);
CREATE TRIGGER bad BEFORE INSERT ON brand_new FOR EACH ROW SET NEW.id = 2;
DROP TRIGGER first_one;
DROP PROCEDURE report;
CREATE OR REPLACE FUNCTION twice(a INT) RETURNS INT DETERMINISTIC RETURN a * 3;
CREATE OR REPLACE VIEW buyers AS SELECT 1 AS one;
CREATE VIEW new_view AS SELECT 2 AS two;
DROP EVENT clean;
CREATE EVENT bad_event ON SCHEDULE EVERY 1 YEAR DO DELETE FROM customers;
SELECT NEXTVAL(numbers), NEXTVAL(numbers), NEXTVAL(numbers), NEXTVAL(numbers), NEXTVAL(numbers), NEXTVAL(numbers);
ALTER DATABASE CHARACTER SET latin1 COLLATE latin1_swedish_ci;
`;
