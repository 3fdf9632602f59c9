"""3.0.0: discounts. Broken: the column is read, but the migration that adds it was forgotten."""

COLOR = "#a83535"

SCHEMA = "SELECT 1"

QUERY = "SELECT name, about, price, discount FROM products ORDER BY price"


def card(product):
    return (
        f'<article><span class="price">{product["price"]} € − {product["discount"]} %</span>'
        f'<h2>{product["name"]}</h2>{product["about"]}</article>'
    )
