"""1.0.0: the products."""

COLOR = "#2f6f4f"

SCHEMA = """
    CREATE TABLE IF NOT EXISTS products (
        id serial PRIMARY KEY, name text NOT NULL UNIQUE, about text NOT NULL, price numeric(8, 2) NOT NULL);
    INSERT INTO products (name, about, price) VALUES
        ('Tape recorder', 'Plays, stops, and above all: rewinds.', 89.00),
        ('Time machine', 'One careful owner, who has not bought it yet.', 1955.11),
        ('Undo key', 'Fits every keyboard.', 4.50)
    ON CONFLICT DO NOTHING;
"""

QUERY = "SELECT name, about, price FROM products ORDER BY price"


def card(product):
    return (
        f'<article><span class="price">{product["price"]} €</span>'
        f'<h2>{product["name"]}</h2>{product["about"]}</article>'
    )
