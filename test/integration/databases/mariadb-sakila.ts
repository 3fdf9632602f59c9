/**
 * The well-known sample schema of a shop that rents films, written anew in its shape: films, actors and rentals with foreign
 * keys both ways, a full-text copy kept by triggers, views over views, stored functions and procedures, and rows made by
 * counting.
 */
export const SAKILA = String.raw`
SET NAMES utf8mb4;
CREATE TABLE language (language_id TINYINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, name CHAR(20) NOT NULL, last_update TIMESTAMP DEFAULT '2006-02-15 05:02:19');
CREATE TABLE category (category_id TINYINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, name VARCHAR(25) NOT NULL);
CREATE TABLE actor (actor_id SMALLINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, first_name VARCHAR(45) NOT NULL, last_name VARCHAR(45) NOT NULL, KEY idx_actor_last_name (last_name));
CREATE TABLE film (
  film_id SMALLINT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
  title VARCHAR(128) NOT NULL, description TEXT, release_year YEAR,
  language_id TINYINT UNSIGNED NOT NULL, original_language_id TINYINT UNSIGNED,
  rental_duration TINYINT UNSIGNED NOT NULL DEFAULT 3, rental_rate DECIMAL(4, 2) NOT NULL DEFAULT 4.99,
  rating ENUM('G', 'PG', 'PG-13', 'R', 'NC-17') DEFAULT 'G',
  special_features SET('Trailers', 'Commentaries', 'Deleted Scenes', 'Behind the Scenes'),
  KEY idx_title (title),
  CONSTRAINT fk_film_language FOREIGN KEY (language_id) REFERENCES language (language_id) ON DELETE RESTRICT ON UPDATE CASCADE,
  CONSTRAINT fk_film_language_original FOREIGN KEY (original_language_id) REFERENCES language (language_id) ON UPDATE CASCADE);
CREATE TABLE film_text (film_id SMALLINT UNSIGNED PRIMARY KEY, title VARCHAR(255) NOT NULL, description TEXT, FULLTEXT KEY idx_title_description (title, description));
CREATE TABLE film_actor (actor_id SMALLINT UNSIGNED, film_id SMALLINT UNSIGNED, PRIMARY KEY (actor_id, film_id),
  CONSTRAINT fk_film_actor_actor FOREIGN KEY (actor_id) REFERENCES actor (actor_id), CONSTRAINT fk_film_actor_film FOREIGN KEY (film_id) REFERENCES film (film_id));
CREATE TABLE film_category (film_id SMALLINT UNSIGNED, category_id TINYINT UNSIGNED, PRIMARY KEY (film_id, category_id),
  FOREIGN KEY (film_id) REFERENCES film (film_id), FOREIGN KEY (category_id) REFERENCES category (category_id));
CREATE TABLE store (store_id TINYINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, manager_staff_id TINYINT UNSIGNED NOT NULL, UNIQUE KEY idx_unique_manager (manager_staff_id));
CREATE TABLE staff (staff_id TINYINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, username VARCHAR(16), picture BLOB, password VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  store_id TINYINT UNSIGNED NOT NULL, CONSTRAINT fk_staff_store FOREIGN KEY (store_id) REFERENCES store (store_id));
SET foreign_key_checks = 0;
ALTER TABLE store ADD CONSTRAINT fk_store_staff FOREIGN KEY (manager_staff_id) REFERENCES staff (staff_id);
CREATE TABLE customer (customer_id SMALLINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, store_id TINYINT UNSIGNED NOT NULL, first_name VARCHAR(45), active BOOLEAN DEFAULT TRUE,
  create_date DATETIME NOT NULL DEFAULT '2000-01-01', FOREIGN KEY (store_id) REFERENCES store (store_id));
CREATE TABLE inventory (inventory_id MEDIUMINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, film_id SMALLINT UNSIGNED NOT NULL, store_id TINYINT UNSIGNED NOT NULL,
  FOREIGN KEY (film_id) REFERENCES film (film_id), FOREIGN KEY (store_id) REFERENCES store (store_id));
CREATE TABLE rental (rental_id INT AUTO_INCREMENT PRIMARY KEY, rental_date DATETIME NOT NULL, inventory_id MEDIUMINT UNSIGNED NOT NULL, customer_id SMALLINT UNSIGNED NOT NULL,
  return_date DATETIME, UNIQUE KEY (rental_date, inventory_id, customer_id),
  FOREIGN KEY (inventory_id) REFERENCES inventory (inventory_id), FOREIGN KEY (customer_id) REFERENCES customer (customer_id));
CREATE TABLE payment (payment_id INT AUTO_INCREMENT PRIMARY KEY, customer_id SMALLINT UNSIGNED NOT NULL, rental_id INT, amount DECIMAL(5, 2) NOT NULL,
  FOREIGN KEY (rental_id) REFERENCES rental (rental_id) ON DELETE SET NULL);
DELIMITER ;;
CREATE TRIGGER ins_film AFTER INSERT ON film FOR EACH ROW BEGIN INSERT INTO film_text (film_id, title, description) VALUES (new.film_id, new.title, new.description); END;;
CREATE TRIGGER upd_film AFTER UPDATE ON film FOR EACH ROW BEGIN
  IF (old.title != new.title) OR (old.description != new.description) OR (old.film_id != new.film_id) THEN
    UPDATE film_text SET title = new.title, description = new.description, film_id = new.film_id WHERE film_id = old.film_id;
  END IF;
END;;
CREATE TRIGGER del_film AFTER DELETE ON film FOR EACH ROW BEGIN DELETE FROM film_text WHERE film_id = old.film_id; END;;
CREATE TRIGGER customer_create_date BEFORE INSERT ON customer FOR EACH ROW SET NEW.create_date = '2006-02-14 22:04:36';;
CREATE FUNCTION inventory_in_stock(p_inventory_id INT) RETURNS BOOLEAN READS SQL DATA BEGIN
  DECLARE v_out INT;
  SELECT COUNT(*) INTO v_out FROM rental WHERE inventory_id = p_inventory_id AND return_date IS NULL;
  RETURN v_out = 0;
END;;
CREATE PROCEDURE film_in_stock(IN p_film_id INT, IN p_store_id INT, OUT p_film_count INT) READS SQL DATA BEGIN
  SELECT COUNT(*) INTO p_film_count FROM inventory WHERE film_id = p_film_id AND store_id = p_store_id AND inventory_in_stock(inventory_id);
END;;
DELIMITER ;
INSERT INTO language (name) VALUES ('English'), ('Italian'), ('日本語'), ('Français');
INSERT INTO category (name) VALUES ('Action'), ('Children'), ('Sci-Fi');
INSERT INTO actor (first_name, last_name) SELECT CONCAT('FIRST', seq), CONCAT('LAST', seq MOD 40) FROM seq_1_to_200;
INSERT INTO film (title, description, release_year, language_id, rating, special_features)
  SELECT CONCAT('ACADEMY ', seq), CONCAT('A Epic Drama of a "Feminist" & a Mad Scientist\nwho must Battle a Teacher #', seq), 2006, 1 + seq MOD 4, 1 + seq MOD 5, seq MOD 16 FROM seq_1_to_1000;
INSERT INTO film_actor SELECT 1 + seq * 7 MOD 200, 1 + seq MOD 1000 FROM seq_1_to_1000;
INSERT INTO film_category SELECT film_id, 1 + film_id MOD 3 FROM film;
INSERT INTO store VALUES (1, 1), (2, 2);
INSERT INTO staff VALUES (1, 'Mike', UNHEX('89504E470D0A1A0A00FF'), LEFT(SHA2('a', 256), 40), 1), (2, 'Jon', NULL, NULL, 2);
INSERT INTO customer (store_id, first_name) SELECT 1 + seq MOD 2, CONCAT('NAME', seq) FROM seq_1_to_599;
INSERT INTO inventory (film_id, store_id) SELECT 1 + seq MOD 1000, 1 + seq MOD 2 FROM seq_1_to_4500;
INSERT INTO rental (rental_date, inventory_id, customer_id, return_date)
  SELECT '2005-05-24' + INTERVAL seq MINUTE, 1 + seq MOD 4500, 1 + seq MOD 599, IF(seq MOD 90 = 0, NULL, '2005-06-01' + INTERVAL seq MINUTE) FROM seq_1_to_16000;
INSERT INTO payment (customer_id, rental_id, amount) SELECT customer_id, rental_id, rental_id MOD 12 + 0.99 FROM rental;
CREATE VIEW film_list AS SELECT f.film_id AS FID, f.title, c.name AS category, GROUP_CONCAT(CONCAT(a.first_name, _utf8mb4' ', a.last_name) SEPARATOR ', ') AS actors
  FROM film f LEFT JOIN film_category fc USING (film_id) LEFT JOIN category c USING (category_id) LEFT JOIN film_actor fa ON fa.film_id = f.film_id LEFT JOIN actor a ON a.actor_id = fa.actor_id GROUP BY f.film_id, c.name;
CREATE SQL SECURITY INVOKER VIEW actor_info AS SELECT a.actor_id, (SELECT COUNT(*) FROM film_list l WHERE l.actors LIKE CONCAT('%', a.first_name, '%')) AS films FROM actor a;
CREATE VIEW sales_by_store AS SELECT s.store_id, SUM(p.amount) AS total_sales, inventory_in_stock(1) AS first_one FROM payment p JOIN rental r USING (rental_id) JOIN inventory i USING (inventory_id) JOIN store s USING (store_id) GROUP BY s.store_id;
`;
