"""2.0.0: products have reviews. The schema only grows, so 1.0.0 still runs on it."""

COLOR = "#3553a8"

SCHEMA = """
    CREATE TABLE IF NOT EXISTS products (
        id serial PRIMARY KEY, name text NOT NULL UNIQUE, about text NOT NULL, price numeric(8, 2) NOT NULL);
    CREATE TABLE IF NOT EXISTS reviews (
        product text PRIMARY KEY REFERENCES products (name), stars integer NOT NULL, words text NOT NULL);
    INSERT INTO reviews VALUES
        ('Tape recorder', 4, 'My songs run backwards now.'),
        ('Time machine', 5, 'Will buy it again last year.'),
        ('Undo key', 5, 'Took back my first review.')
    ON CONFLICT DO NOTHING;
"""

QUERY = """
    SELECT name, about, price, coalesce(stars, 0) AS stars, coalesce(words, '') AS words
    FROM products LEFT JOIN reviews ON product = name ORDER BY price
"""


def card(product):
    stars = "★" * int(product["stars"])
    return (
        f'<article><span class="price">{product["price"]} €</span>'
        f'<h2>{product["name"]}</h2>{product["about"]}'
        f'<blockquote>{product["words"]} <span class="stars">{stars}</span></blockquote></article>'
    )
