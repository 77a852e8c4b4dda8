-- SPDX-License-Identifier: MIT
-- Work for sqlite3 that allocates in many ways and prints what does not depend on time or place.
PRAGMA journal_mode = MEMORY;
PRAGMA cache_size = 4000;
CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT NOT NULL, category INTEGER, price REAL, note TEXT);
BEGIN;
WITH RECURSIVE counter (n, x) AS (
    SELECT 1, 42
    UNION ALL
    SELECT n + 1, (x * 1103515245 + 12345) % 2147483648 FROM counter WHERE n < 100000
)
INSERT INTO item
    SELECT n, 'item' || x, x % 97, (x % 100000) / 100.0,
           substr('some words that make a note longer', 1 + x % 20)
    FROM counter;
COMMIT;
CREATE INDEX item_by_name ON item (name);
CREATE INDEX item_by_category ON item (category, price);
ANALYZE;
SELECT count(*), count(DISTINCT name), round(sum(price), 2) FROM item;
SELECT category, count(*), round(avg(price), 3), max(name)
    FROM item GROUP BY category ORDER BY avg(price) DESC LIMIT 10;
SELECT a.id, b.id
    FROM item a JOIN item b ON a.category = b.category AND a.price = b.price AND a.id < b.id
    ORDER BY 1, 2 LIMIT 20;
SELECT name, price, rank() OVER (PARTITION BY category ORDER BY price DESC) AS place
    FROM item WHERE category < 3 ORDER BY category, place, name LIMIT 15;
SELECT group_concat(note, '|') FROM (SELECT DISTINCT note FROM item ORDER BY note);
UPDATE item SET note = note || ' changed' WHERE category % 5 = 0;
DELETE FROM item WHERE category % 7 = 0;
SELECT json_group_array(json_object('id', id, 'note', note))
    FROM (SELECT * FROM item ORDER BY price, id LIMIT 5);
CREATE VIRTUAL TABLE words USING fts5 (note);
INSERT INTO words SELECT note FROM item WHERE id % 10 = 0;
SELECT count(*) FROM words WHERE words MATCH 'longer AND changed';
VACUUM;
PRAGMA integrity_check;
